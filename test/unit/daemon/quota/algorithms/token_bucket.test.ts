import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bucketUnits, isCountedExactly } from '../../../../../daemon/quota/algorithms/token_bucket';
import { MAX_LIMIT, MAX_WINDOW_MS } from '../../../../../daemon/quota/limits';

const bucketArbitrary = fc.record({
  limit: fc.integer({ min: 1, max: MAX_LIMIT }),
  windowMs: fc.integer({ min: 1, max: MAX_WINDOW_MS }),
});

describe('bucketUnits', () => {
  test('20 in 10 minutes give a token every 30 seconds in the smallest numbers', () => {
    expect(bucketUnits({ limit: 20, windowMs: 600_000 })).toEqual({
      unitsPerToken: 30_000_000,
      unitsPerUs: 1,
    });
  });

  test('a limit that does not divide the window still has whole numbers', () => {
    expect(bucketUnits({ limit: 3, windowMs: 1 })).toEqual({ unitsPerToken: 1000, unitsPerUs: 3 });
  });

  test('any bucket, a window gives back exactly the limit', () => {
    fc.assert(
      fc.property(bucketArbitrary, (tried) => {
        const { unitsPerToken, unitsPerUs } = bucketUnits(tried);
        const windowUs = BigInt(tried.windowMs) * 1000n;
        expect(BigInt(unitsPerUs) * windowUs).toBe(BigInt(unitsPerToken) * BigInt(tried.limit));
      }),
    );
  });
});

describe('isCountedExactly', () => {
  test('a full bucket of as many units as a double can distinguish is accepted, and one of more is not', () => {
    // A prime: it has no divisor in common with a window, so nothing cancels.
    const countedMs = Math.floor(Number.MAX_SAFE_INTEGER / 999_999_937 / 1000);
    const limits = [countedMs, countedMs + 1].map((windowMs) => ({ limit: 999_999_937, windowMs }));

    expect(limits.map(isCountedExactly)).toEqual([true, false]);
  });

  test('the largest limit in the longest window is exact because its numbers are round', () => {
    expect(isCountedExactly({ limit: MAX_LIMIT, windowMs: MAX_WINDOW_MS })).toBe(true);
  });

  test('in any bucket that is counted exactly, no unit is above what a double can distinguish', () => {
    fc.assert(
      fc.property(bucketArbitrary.filter(isCountedExactly), (tried) => {
        const { unitsPerToken, unitsPerUs } = bucketUnits(tried);
        for (const units of [unitsPerToken, unitsPerUs, unitsPerToken * tried.limit]) {
          expect(Number.isSafeInteger(units)).toBe(true);
        }
      }),
    );
  });
});
