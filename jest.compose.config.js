const base = require('./jest.config');

/** For `npm run test:compose` alone, which brings the stack up. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/integration', '<rootDir>/test/compose'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 180_000,
};
