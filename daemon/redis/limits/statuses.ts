import type { LimitStatus } from '../../quota/admission';
import type { Policy } from '../../quota/policies';

const US_PER_MS = 1000;

/** Numbers for each limit, in the order of `limits.describe` in `scripts/limits/limits.lua`. */
export const NUMBERS_PER_LIMIT = 5;

const IS_OVERRIDDEN = 1;
const IS_SHADOW_DENIED = 2;
const OVERRIDE_END_UNIT = 4;

/** Reads the numbers that a function reported for a policy's limits, from index `first`. */
export function readStatuses(policy: Policy, numbers: readonly number[], first = 0): LimitStatus[] {
  return policy.limits.map(({ name, windowMs, shadow = false }, index) => {
    const at = first + index * NUMBERS_PER_LIMIT;
    const flags = numbers[at + 4] ?? 0;
    return {
      name,
      limit: numbers[at] ?? 0,
      remaining: numbers[at + 1] ?? 0,
      windowUs: windowMs * US_PER_MS,
      resetDelayUs: numbers[at + 2] ?? 0,
      nextDelayUs: numbers[at + 3] ?? 0,
      shadow,
      shadowDenied: (flags & IS_SHADOW_DENIED) !== 0,
      overridden: (flags & IS_OVERRIDDEN) !== 0,
      overrideEndMs: flags < OVERRIDE_END_UNIT ? undefined : Math.floor(flags / OVERRIDE_END_UNIT),
    };
  });
}
