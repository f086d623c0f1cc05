import type { Limit } from '../../quota/limits';
import { type Account, missingTokens, shadowOf } from '../account';
import type { Takings } from '../takings';
import { type LimitView, type MemoryAlgorithm, type Moment, US_PER_MS } from './algorithm';

/**
 * A sliding window: each token comes back exactly one window after it was taken. The enforced windows of a policy count
 * the one list of its takings; a shadow, which may not have taken all of them, has a list of its own.
 */
export const slidingWindow: MemoryAlgorithm = {
  view(account, limit, moment) {
    if (limit.shadow) return viewTakings(shadowOf(account, limit), limit, moment);
    takeOver(account, limit, moment);
    return viewTakings(account.takings, limit, moment);
  },
};

function viewTakings(takings: Takings, limit: Limit, { size, nowUs }: Moment): LimitView {
  const windowUs = limit.windowMs * US_PER_MS;
  const taken = () => takings.countWithin(windowUs, nowUs);
  const untilBackUs = (n: number) => takings.newestUs(n) + windowUs - nowUs;

  return {
    retryDelayUs(cost) {
      // Until enough of the oldest have come back.
      const kept = size - cost;
      return taken() <= kept ? 0 : untilBackUs(kept + 1);
    },

    describe() {
      const count = taken();
      if (count === 0) return { remaining: size, resetDelayUs: 0, nextDelayUs: 0 };
      const resetDelayUs = untilBackUs(1);
      if (count < size) return { remaining: size - count, resetDelayUs, nextDelayUs: untilBackUs(count) };
      return { remaining: 0, resetDelayUs, nextDelayUs: size === 0 ? 0 : untilBackUs(size) };
    },

    take(taking) {
      if (limit.shadow) takings.add({ ...taking, isCounted: true });
    },

    refund({ id }) {
      // A shadow that would have denied the request has none of it.
      const taken = limit.shadow && id !== undefined ? takings.find(id) : undefined;
      if (taken !== undefined) taken.isCounted = false;
    },
  };
}

/**
 * Takes over from an algorithm that kept no tokens, once: what is missing from its state counts as taken now, as far as
 * the takings do not hold it.
 */
function takeOver({ takings, states }: Account, limit: Limit, { convertedUs, nowUs, size }: Moment): void {
  const state = states.get(limit.name);
  if (state === undefined || convertedUs === 0) return;
  states.delete(limit.name);
  // An override may end: what it hides now must not be forgotten.
  const missing = Math.min(Math.max(size, limit.limit), missingTokens(state));
  const cost = missing - takings.countWithin(limit.windowMs * US_PER_MS, nowUs);
  if (cost > 0) takings.add({ id: undefined, cost, atUs: nowUs, isCounted: true });
}
