const base = require('./jest.config');
const { suitesOn } = require('./test/stores/suites');

/** For `npm run test:stores`: integration and chaos suites, unchanged, on a master that Sentinels watch over. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  globalSetup: '<rootDir>/test/stores/sentinel.ts',
  globalTeardown: '<rootDir>/test/stores/teardown.ts',
  testMatch: suitesOn('sentinel').map((name) => `<rootDir>/test/${name}.test.ts`),
};
