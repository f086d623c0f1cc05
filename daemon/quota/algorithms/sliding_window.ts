import { type LimitAlgorithm, type LimitSize, type SimulatedLimit, US_PER_MS } from './algorithm';

/** A sliding window keeps one entry for each token taken; above this a token bucket is the better bargain. */
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

  simulate,
} as const satisfies LimitAlgorithm;

function simulate({ limit, windowMs }: LimitSize): SimulatedLimit {
  const takenUs: number[] = [];
  return {
    hasRoom(cost, nowUs) {
      const backUs = nowUs - windowMs * US_PER_MS;
      const firstOut = takenUs.findIndex((each) => each > backUs);
      takenUs.splice(0, firstOut === -1 ? takenUs.length : firstOut);
      return takenUs.length + cost <= limit;
    },
    take(cost, nowUs) {
      for (let token = 0; token < cost; token += 1) takenUs.push(nowUs);
    },
  };
}
