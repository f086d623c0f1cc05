const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const base = require('./jest.config');
const { usesSharedServers } = require('./test/stores/shared_servers');

const folder = join(__dirname, 'test/integration');

/** Others start servers of their own, so that the stack's make no difference to them. */
const onSharedServers = readdirSync(folder).filter(
  (file) => file.endsWith('.test.ts') && usesSharedServers(readFileSync(join(folder, file), 'utf8')),
);

/** For `npm run test:compose` alone, which brings the stack up. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/integration', '<rootDir>/test/compose'],
  testMatch: [
    ...onSharedServers.map((file) => `<rootDir>/test/integration/${file}`),
    '<rootDir>/test/compose/**/*.test.ts',
  ],
  testPathIgnorePatterns: ['/node_modules/'],
  // A test may replace, stop or kill each container in turn.
  testTimeout: 600_000,
};
