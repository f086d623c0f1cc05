import { describe, expect, test } from '@jest/globals';
import { msUntilNextSecond, retryDelayMs } from '../../../../web/browser/site/timing';

describe('msUntilNextSecond', () => {
  test.each([
    [65_001, 1],
    [65_000, 1_000],
    [64_999.5, 999.5],
    [1, 1],
  ])('%d ms left means %d ms until the words change', (leftMs, expected) => {
    expect(msUntilNextSecond(leftMs)).toBe(expected);
  });
});

describe('retryDelayMs', () => {
  test('failures in a row wait twice as long each time, up to five minutes', () => {
    expect([1, 2, 3, 7, 100].map((failures) => retryDelayMs(failures, 0))).toEqual([
      5_000, 10_000, 20_000, 300_000, 300_000,
    ]);
  });

  test('chance never makes it less than half', () => {
    expect(retryDelayMs(1, 1)).toBe(2_500);
  });
});
