import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { runAndCount } from '../../../../scripts/testing/outcome';

let printed: string;
beforeEach(() => {
  printed = '';
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

test('runAndCount: several parts print what was skipped and then the sum', async () => {
  const code = await runAndCount(async (outcome) => {
    outcome.add({ passed: 8, failed: 0 });
    outcome.add({ passed: 3, failed: 1, skipped: ['the board: drawn'] });
    return outcome.hasPassed() ? 0 : 1;
  });

  expect(code).toBe(1);
  expect(printed).toBe('skipped: the board: drawn\n11 passed, 1 failed\n');
});

test('runAndCount: an interrupted run is a failure, even if tests have passed', async () => {
  const code = await runAndCount(async (outcome) => {
    outcome.add({ passed: 8, failed: 0 });
    throw new Error('the servers are gone');
  });

  expect(code).toBe(1);
  expect(printed).toBe('8 passed, 1 failed\n');
});

test('runAndCount: nothing counted is a failure', async () => {
  await runAndCount(async () => 0);

  expect(printed).toBe('0 passed, 1 failed\n');
});
