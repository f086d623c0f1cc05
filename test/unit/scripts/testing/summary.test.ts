import { describe, expect, test } from '@jest/globals';
import {
  countChecks,
  countTests,
  skippedLines,
  skippedTests,
  sum,
  summaryLine,
} from '../../../../scripts/testing/summary';

function report(changes: Record<string, unknown> = {}): string {
  const counts = {
    numPassedTests: 3,
    numFailedTests: 0,
    numRuntimeErrorTestSuites: 0,
    wasInterrupted: false,
  };
  return JSON.stringify({ ...counts, ...changes });
}

describe('countTests', () => {
  test('countTests: a run without failures has its passed tests', () => {
    expect(countTests({ text: report(), succeeded: true })).toEqual({ passed: 3, failed: 0 });
  });

  test('countTests: failed tests are counted', () => {
    const text = report({ numFailedTests: 2 });
    expect(countTests({ text, succeeded: false })).toEqual({ passed: 3, failed: 2 });
  });

  test('countTests: a suite that could not run is one failure', () => {
    const text = report({ numRuntimeErrorTestSuites: 1 });
    expect(countTests({ text, succeeded: false })).toEqual({ passed: 3, failed: 1 });
  });

  test('countTests: no test was run, one failure', () => {
    const text = report({ numPassedTests: 0 });
    expect(countTests({ text, succeeded: true })).toEqual({ passed: 0, failed: 1 });
  });

  test('countTests: one failure is counted if jest failed without saying what', () => {
    expect(countTests({ text: report(), succeeded: false })).toEqual({ passed: 3, failed: 1 });
  });

  test('countTests: an interrupted run is one failure', () => {
    const text = report({ wasInterrupted: true });
    expect(countTests({ text, succeeded: true })).toEqual({ passed: 3, failed: 1 });
  });

  test.each([undefined, '', '{"numPassedTests":', '{}', 'null'])(
    'countTests: the report %j is one failure',
    (text) => {
      expect(countTests({ text, succeeded: true })).toEqual({ passed: 0, failed: 1 });
    },
  );
});

test('skippedTests: those that jest has left out are listed by their names', () => {
  const testResults = [
    {
      assertionResults: [
        { fullName: 'the alerts: as promtool tests them', status: 'pending' },
        { fullName: 'the alerts: every one in the manual', status: 'passed' },
      ],
    },
    { assertionResults: [{ fullName: 'the board: drawn', status: 'todo' }] },
  ];

  expect(skippedTests(report({ testResults }))).toEqual([
    'the alerts: as promtool tests them',
    'the board: drawn',
  ]);
});

test('skippedTests: are none without a report', () => {
  expect(skippedTests(undefined)).toEqual([]);
});

test('skippedLines: of more than a person reads, the first twenty are shown and the number of the others', () => {
  const lines = skippedLines(Array.from({ length: 23 }, (_, index) => `test ${index}`));

  expect(lines[0]).toBe('skipped: test 0');
  expect(lines.slice(19)).toEqual(['skipped: test 19', 'skipped: 3 more']);
});

test('countChecks: each check is counted as one', () => {
  expect(countChecks([true, false, true])).toEqual({ passed: 2, failed: 1 });
});

test('sum: several counts, added', () => {
  expect(sum({ passed: 1, failed: 2 }, { passed: 3, failed: 4 })).toEqual({ passed: 4, failed: 6 });
});

test('summaryLine: a count is in the words that others read', () => {
  expect(summaryLine({ passed: 12, failed: 0 })).toBe('12 passed, 0 failed');
});
