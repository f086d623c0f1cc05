/** @type {import('jest').Config} */
module.exports = {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // These need the compose stack: npm run test:compose.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/compose/'],
  transform: {
    '\\.(?:[jt]sx?|mjs)$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic', importSource: 'preact' } },
        },
      },
    ],
  },
  // Modules of the other kind, which jest cannot require as they are.
  transformIgnorePatterns: ['/node_modules/(?!(intl-messageformat|@formatjs|preact)/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testSequencer: '<rootDir>/test/sequencer.js',
  // Only a test that hangs takes so long, even on a machine that is busy with other work.
  testTimeout: 120_000,
};
