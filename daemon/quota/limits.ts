/**
 * A bucket of `limit` tokens; each token that is taken comes back exactly one window after it was taken.
 * Strict: never more than `limit` in any window. Its state grows with `limit`.
 */
export interface SlidingWindow {
  readonly algorithm: 'sliding-window';
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** Evaluated and counted, but never refuses. */
  readonly shadow?: boolean;
}

/**
 * A bucket of `limit` tokens that refills evenly, all of it in one window. Constant in size; from full it lets up
 * to twice `limit` through in one window. (J. Turner, "New directions in communications", 1986.)
 */
export interface TokenBucket {
  readonly algorithm: 'token-bucket';
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** Evaluated and counted, but never refuses. */
  readonly shadow?: boolean;
}

export type Limit = SlidingWindow | TokenBucket;

/** A sliding window keeps one entry for each token taken; above this a token bucket is the better bargain. */
export const MAX_SLIDING_WINDOW_LIMIT = 1000;

/** Above a thousand million in a window, a limit protects nothing. */
export const MAX_LIMIT = 1_000_000_000;

/** Longer windows than a year are slips of the pen. */
export const MAX_WINDOW_MS = 366 * 86_400_000;

const US_PER_MS = 1000;

/**
 * The whole numbers in which a token bucket counts without rounding: each microsecond gives back
 * `unitsPerUs`, each token takes `unitsPerToken`. In lowest terms, so that a full bucket stays a small number.
 */
export function bucketUnits({ limit, windowMs }: TokenBucket): { unitsPerToken: number; unitsPerUs: number } {
  const windowUs = windowMs * US_PER_MS;
  const divisor = greatestCommonDivisor(limit, windowUs);
  return { unitsPerToken: windowUs / divisor, unitsPerUs: limit / divisor };
}

/** Why a limit cannot be counted cheaply, or exactly; undefined where it can. */
export function countingFault(limit: Limit): string | undefined {
  const { algorithm, limit: size } = limit;
  if (algorithm === 'sliding-window' && size > MAX_SLIDING_WINDOW_LIMIT) {
    return `must be ${MAX_SLIDING_WINDOW_LIMIT} or less for a sliding-window, which keeps every token; use token-bucket for ${size}`;
  }
  if (algorithm === 'sliding-window' || isCountedExactly(limit)) return undefined;
  return `cannot be counted exactly: ${size} in this window; use a rounder number or a shorter window`;
}

/** Whether a full bucket's units are exact in a double, the only number that Redis's Lua has. */
export function isCountedExactly(bucket: TokenBucket): boolean {
  return bucket.limit * bucketUnits(bucket).unitsPerToken <= Number.MAX_SAFE_INTEGER;
}

/** Euclid's algorithm. */
function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
