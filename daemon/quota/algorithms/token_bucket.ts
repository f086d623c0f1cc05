import { type LimitAlgorithm, type LimitSize, US_PER_MS } from './algorithm';

/**
 * A bucket of `limit` tokens that refills evenly, all of it in one window. Constant in size; from full it lets up
 * to twice `limit` through in one window. (J. Turner, "New directions in communications", 1986.)
 */
export const tokenBucket = {
  name: 'token-bucket',
  keepsTokens: false,
  maxLimit: undefined,

  countingFault({ limit, windowMs }) {
    if (windowMs === undefined || isCountedExactly({ limit, windowMs })) return undefined;
    return `cannot be counted exactly: ${limit} in this window; use a rounder number or a shorter window`;
  },

  mostWithin({ limit, windowMs }: LimitSize, spanMs: number) {
    return limit + Math.ceil((limit * spanMs) / windowMs);
  },
} as const satisfies LimitAlgorithm;

/**
 * The whole numbers in which a token bucket counts without rounding: each microsecond gives back
 * `unitsPerUs`, each token takes `unitsPerToken`. In lowest terms, so that a full bucket stays a small number.
 */
export function bucketUnits({ limit, windowMs }: LimitSize): { unitsPerToken: number; unitsPerUs: number } {
  const windowUs = windowMs * US_PER_MS;
  const divisor = greatestCommonDivisor(limit, windowUs);
  return { unitsPerToken: windowUs / divisor, unitsPerUs: limit / divisor };
}

/** Whether a full bucket's units are exact in a double, the only number that Redis's Lua has. */
export function isCountedExactly(size: LimitSize): boolean {
  return size.limit * bucketUnits(size).unitsPerToken <= Number.MAX_SAFE_INTEGER;
}

/** Euclid's algorithm. */
function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
