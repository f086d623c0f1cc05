import { z } from 'zod';

/** The result of a test run. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
}

const report = z.object({
  numPassedTests: z.int().min(0),
  numFailedTests: z.int().min(0),
  numRuntimeErrorTestSuites: z.int().min(0),
  wasInterrupted: z.boolean(),
});

/**
 * Counts jest's tests from its report and its exit code. A suite that could not run, a run without any test, and
 * one that failed without saying what, each count as one failure.
 */
export function countTests({ text, succeeded }: { text: string | undefined; succeeded: boolean }): Count {
  const parsed = report.safeParse(parse(text));
  if (!parsed.success) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests, numRuntimeErrorTestSuites, wasInterrupted } = parsed.data;
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  const isEmpty = passed + failed === 0;
  const isSilentFailure = failed === 0 && (!succeeded || wasInterrupted || isEmpty);
  return { passed, failed: isSilentFailure ? 1 : failed };
}

const SKIPPED = ['pending', 'todo', 'disabled'];

const outcomes = z.object({
  testResults: z.array(
    z.object({ assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })) }),
  ),
});

/** The names of the tests in jest's report that were not run; none if there is no report. */
export function skippedTests(text: string | undefined): string[] {
  const parsed = outcomes.safeParse(parse(text));
  const tests = parsed.data?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? [];
  return tests.filter(({ status }) => SKIPPED.includes(status)).map(({ fullName }) => fullName);
}

/** With `-t` nearly all tests are left out. */
const SKIPPED_SHOWN = 20;

/** A line for each test that was left out, for a person and for `.ci/run`. */
export function skippedLines(names: readonly string[]): string[] {
  const lines = names.slice(0, SKIPPED_SHOWN).map((name) => `skipped: ${name}`);
  const others = names.length - lines.length;
  return others > 0 ? [...lines, `skipped: ${others} more`] : lines;
}

/** Counts checks, each as one. */
export function countChecks(results: readonly boolean[]): Count {
  const passed = results.filter(Boolean).length;
  return { passed, failed: results.length - passed };
}

/** The sum of several counts. */
export function sum(...counts: readonly Count[]): Count {
  return counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), {
    passed: 0,
    failed: 0,
  });
}

/** The last line of a run, which others read too. */
export function summaryLine({ passed, failed }: Count): string {
  return `${passed} passed, ${failed} failed`;
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
