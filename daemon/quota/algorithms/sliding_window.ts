import type { LimitAlgorithm, LimitSize } from './algorithm';

/** A sliding window keeps one entry for each token taken; above this size a token bucket is cheaper. */
export const MAX_SLIDING_WINDOW_LIMIT = 1000;

/**
 * A bucket of `limit` tokens; each token that is taken comes back exactly one window after it was taken.
 * Strict: never more than `limit` in any window. Its state grows with `limit`.
 */
export const slidingWindow = {
  name: 'sliding-window',
  keepsTokens: true,
  maxLimit: MAX_SLIDING_WINDOW_LIMIT,

  countingFault({ limit }) {
    if (limit <= MAX_SLIDING_WINDOW_LIMIT) return undefined;
    return `must be ${MAX_SLIDING_WINDOW_LIMIT} or less for a sliding-window, which keeps every token; use token-bucket for ${limit}`;
  },

  mostWithin({ limit, windowMs }: LimitSize, spanMs: number) {
    return limit * (Math.floor(spanMs / windowMs) + 1);
  },
} as const satisfies LimitAlgorithm;
