import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { commandsOfDocuments, differencesOf, filesOfDocuments } from './console/check';
import { type DocumentedSystem, startDocumentedSystem } from './console/system';

/** One system runs the commands of all of them, in this order. */
const DOCUMENTS = ['README.md', join('docs', 'operations.md'), join('docs', 'report.md')];

/** Beyond the bound of the commands themselves. */
const TEST_BOUND_MS = 11 * 60_000;

let system: DocumentedSystem;

beforeAll(async () => {
  system = await startDocumentedSystem(filesOfDocuments(DOCUMENTS));
});
afterAll(() => system?.close());

// The commands build on each other, so they are one test.
test(
  'each command that the documents mark prints what they show',
  () => {
    const commands = commandsOfDocuments(DOCUMENTS, 'system');
    expect(commands.length).toBeGreaterThan(10);

    expect(differencesOf(commands, system.run(commands.map(({ line }) => line)))).toBe('');
  },
  TEST_BOUND_MS,
);

test(
  'each command that starts a daemon of its own prints what the documents show',
  async () => {
    const commands = commandsOfDocuments(DOCUMENTS, 'daemon');
    expect(commands.length).toBeGreaterThan(10);

    const results = await system.runWithOwnDaemon(commands.map(({ line }) => line));
    expect(differencesOf(commands, results)).toBe('');
  },
  TEST_BOUND_MS,
);
