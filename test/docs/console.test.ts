import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { commandsOfDocuments, differencesOf, filesOfDocuments } from './console/check';
import { DOCUMENTS } from './console/documents';
import { type DocumentedSystem, startDocumentedSystem } from './console/system';

/** Beyond the bound of the commands themselves. */
const TEST_BOUND_MS = 11 * 60_000;

let system: DocumentedSystem;

beforeAll(async () => {
  system = await startDocumentedSystem(filesOfDocuments([...DOCUMENTS.system, ...DOCUMENTS.daemon]));
});
afterAll(() => system?.close());

// The commands build on each other, so they are one test.
test(
  'each command that the documents mark prints what they show',
  () => {
    const commands = commandsOfDocuments(DOCUMENTS.system, 'system');
    expect(commands.length).toBeGreaterThan(10);

    expect(differencesOf(commands, system.run(commands.map(({ line }) => line)))).toBe('');
  },
  TEST_BOUND_MS,
);

// Each document has a shell of its own, and with it daemons of its own.
test.each(DOCUMENTS.daemon)(
  'each command of %s that starts a daemon of its own prints what is shown',
  async (document) => {
    const commands = commandsOfDocuments([document], 'daemon');
    expect(commands.length).toBeGreaterThan(1);
    expect(commandsOfDocuments(DOCUMENTS.daemon, 'daemon').length).toBeGreaterThan(10);

    const results = await system.runWithOwnDaemon(commands.map(({ line }) => line));
    expect(differencesOf(commands, results)).toBe('');
  },
  TEST_BOUND_MS,
);
