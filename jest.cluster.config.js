const base = require('./jest.config');
const { suitesOn } = require('./test/stores/suites');

/** For `npm run test:stores`: integration and chaos suites, unchanged, on a Cluster. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  globalSetup: '<rootDir>/test/stores/cluster.ts',
  globalTeardown: '<rootDir>/test/stores/teardown.ts',
  testMatch: suitesOn('cluster').map((name) => `<rootDir>/test/${name}.test.ts`),
};
