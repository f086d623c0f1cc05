import type { Takings } from './takings';
import type { LimitView, Moment } from './view';

/**
 * A sliding window: each token comes back exactly one window after it was taken. The enforced windows of a policy count
 * the one list of its takings; a shadow, which may not have taken all of them, has a list of its own.
 */
export function viewWindow({
  size,
  windowUs,
  nowUs,
  takings,
  isShadow,
}: Moment & { takings: Takings; isShadow: boolean }): LimitView {
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
      if (isShadow) takings.add({ ...taking, id: undefined, isCounted: true });
    },
  };
}
