import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { red, say } from '../console/terminal';
import { SUCCESS } from '../processes/processes';
import type { Supervisor } from '../processes/supervisor';
import { waitUntil } from '../processes/wait';
import { testEnvironmentWith } from '../settings/config';
import { root, testFolder } from '../settings/paths';
import { type Count, countTests, skippedTests } from './summary';

const REPORT = join(testFolder, 'jest.json');

/** Far more than all tests need; a run that hangs must end all the same. */
const RUN_BOUND_MS = 40 * 60_000;

/** Once jest has reported, it has nothing left to do. */
const EXIT_BOUND_MS = 20_000;

/** Two cores are what the smallest machine has. */
const WORKERS = 2;

export interface JestRun {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How many files run at a time. */
  readonly workers?: number;
}

/** The result of a run of jest, and the tests that it left out. */
export interface JestResult extends Count {
  readonly skipped: readonly string[];
}

/** Runs jest with its own report at the terminal, and counts what it reports. */
export async function runJest(
  supervisor: Supervisor,
  { args, env, workers = WORKERS }: JestRun,
): Promise<JestResult> {
  rmSync(REPORT, { force: true });
  const task = supervisor.launchTask({
    name: 'jest',
    folder: testFolder,
    command: process.execPath,
    args: [
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      `--maxWorkers=${workers}`,
      '--json',
      `--outputFile=${REPORT}`,
      ...args,
    ],
    cwd: root,
    env: testEnvironmentWith(env),
    output: 'terminal',
  });
  const hasEnded = () => task.end() !== undefined;
  await waitUntil(() => hasEnded() || existsSync(REPORT), RUN_BOUND_MS);
  await waitUntil(hasEnded, EXIT_BOUND_MS);
  if (!hasEnded()) say(red('jest does not end: a test has left something open, or runs for ever.'));
  const succeeded = task.end() === SUCCESS;
  await task.stop();
  const text = existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : undefined;
  return { ...countTests({ text, succeeded }), skipped: skippedTests(text) };
}
