import { describe, say } from '../console/terminal';
import type { JestResult } from './jest_run';
import { type Count, skippedLines, sum, summaryLine } from './summary';

/** What the parts of a run come to. */
export interface Outcome {
  add(part: Count & Partial<JestResult>): void;
  /** Whether what was added has passed. */
  hasPassed(): boolean;
}

/** By convention: 128 and the number of SIGINT. */
export const INTERRUPTED = 130;

/** Runs tests to their end, and prints the result: the skipped tests, and on the last line the counts. Returns the exit code. */
export async function runAndCount(run: (outcome: Outcome) => Promise<number>): Promise<number> {
  const parts: (Count & Partial<JestResult>)[] = [];
  const count = () => sum(...parts);
  const outcome = { add: (part: Count) => void parts.push(part), hasPassed: () => count().failed === 0 };
  const code = await run(outcome).catch((error: unknown) => {
    process.stderr.write(`${describe(error)}\n`);
    return 1;
  });
  // An interrupted run has failed, even if tests have passed; so has one in which nothing was counted.
  if (outcome.hasPassed() && (code !== 0 || parts.length === 0)) outcome.add({ passed: 0, failed: 1 });
  for (const line of skippedLines(parts.flatMap(({ skipped = [] }) => skipped))) say(line);
  say(summaryLine(count()));
  return code;
}
