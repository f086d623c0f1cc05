const base = require('./jest.config');

/** For `npm run screenshots` alone: it takes pictures for people to look at, and checks nothing. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/screenshots'],
  testMatch: ['**/*.shots.ts'],
  // The first plays three days.
  testTimeout: 1_200_000,
};
