import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { commandsOfDocuments, differencesOf } from '../docs/console/check';
import { DOCUMENTS } from '../docs/console/documents';
import { type DocumentedStack, startDocumentedStack } from './documented_stack';

/** Beyond the bound of the commands themselves. */
const TEST_BOUND_MS = 21 * 60_000;

let stack: DocumentedStack;
beforeAll(async () => {
  stack = await startDocumentedStack();
});
afterAll(() => stack?.close());

// The commands build on each other, so they are one test.
test(
  'each command that the documents mark for the stack prints what they show',
  () => {
    const commands = commandsOfDocuments(DOCUMENTS.stack, 'stack');
    expect(commands.length).toBeGreaterThan(20);

    expect(differencesOf(commands, stack.run(commands.map(({ line }) => line)))).toBe('');
  },
  TEST_BOUND_MS,
);
