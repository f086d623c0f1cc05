import type { LimitStatus } from '../quota/admission';
import type { Policy } from '../quota/policies';
import type { Keys } from './keys';

/** The pieces that a script needs to read a policy's limits. */
export const LIMIT_PIECES = ['clock', 'sliding_window', 'token_bucket', 'limits'] as const;

const US_PER_MS = 1000;

/** The values of one limit in a reply, in the order of `describe_limits` in `lib/limits.lua`. */
type LimitValues = [
  name: string,
  limit: number,
  remaining: number,
  windowUs: number,
  resetDelayUs: number,
  shadow: number,
  shadowDenied: number,
  overridden: number,
];

const VALUES_PER_LIMIT = 8;

/** What `describe_limits` answers. */
export type StatusReply = readonly (string | number)[];

/** The keys of a policy's limits for a subject, in the order of `limitArguments`. */
export function limitKeys(keys: Keys, policy: Policy, subject: string): string[] {
  return policy.limits.map(({ name }) => keys.limit(policy.name, name, subject));
}

/** The number of a policy's limits, then what `load_limits` reads of each. */
export function limitArguments({ limits }: Policy): (string | number)[] {
  const each = limits.flatMap(({ name, algorithm, limit, windowMs, shadow }) => {
    return [name, algorithm, limit, windowMs * US_PER_MS, shadow ? 1 : 0];
  });
  return [limits.length, ...each];
}

/**
 * Names what `describe_limits` answered. The next delays come beside, in microseconds and the same order: the other
 * values are remembered as they are, where daemons of several versions read them.
 */
export function readStatuses(flat: StatusReply, nextDelaysUs: readonly number[]): LimitStatus[] {
  const statuses: LimitStatus[] = [];
  for (let at = 0; at < flat.length; at += VALUES_PER_LIMIT) {
    const [name, limit, remaining, windowUs, resetDelayUs, shadow, shadowDenied, overridden] = flat.slice(
      at,
      at + VALUES_PER_LIMIT,
    ) as LimitValues;
    statuses.push({
      name,
      limit,
      remaining,
      windowUs,
      resetDelayUs,
      nextDelayUs: nextDelaysUs[at / VALUES_PER_LIMIT],
      shadow: shadow === 1,
      shadowDenied: shadowDenied === 1,
      overridden: overridden === 1,
    });
  }
  return statuses;
}
