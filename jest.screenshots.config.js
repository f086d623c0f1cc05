const base = require('./jest.config');

/** For `npm run screenshots` alone: it takes pictures for people to look at, and checks nothing. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/screenshots'],
  testMatch: ['**/*.shots.ts'],
  // Nothing here is a check, so only a scene that hangs may end it: the first plays three days, on whatever machine.
  testTimeout: 2 * 60 * 60 * 1_000,
};
