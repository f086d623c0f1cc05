import type { Quota } from '../../../../../web/quota/client';

/** A student's state in a policy of 10 in 10 minutes. */
export function quotaOf(policy: string, remaining: number): Quota {
  const taken = { nextDelayMs: 42_001, resetDelayMs: 411_001 };
  const delays = remaining < 10 ? taken : { nextDelayMs: 0, resetDelayMs: 0 };
  const limit = { name: 'per-window', limit: 10, remaining, windowMs: 600_000, overridden: false, ...delays };
  return { policy, limits: [limit], raises: {} };
}
