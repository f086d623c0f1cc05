/** @type {import('jest').Config} */
module.exports = {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // These need the compose stack: npm run test:compose.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/compose/'],
  transform: {
    '\\.[jt]s$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }],
  },
  // Modules of the other kind, which jest cannot require as they are.
  transformIgnorePatterns: ['/node_modules/(?!(intl-messageformat|@formatjs)/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // Only a test that hangs takes so long, even on a machine that is busy with other work.
  testTimeout: 120_000,
};
