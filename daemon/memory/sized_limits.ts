import type { LimitStatus } from '../quota/admission';
import { algorithmOf } from '../quota/algorithms/registry';
import { countsTakings, type Limit } from '../quota/limits';
import type { Policy } from '../quota/policies';
import type { Account } from './account';
import { type LimitView, US_PER_MS } from './algorithms/algorithm';
import { MEMORY_ALGORITHMS } from './algorithms/registry';

/** Another size that holds for one limit of the subject. */
export interface HeldOverride {
  readonly limit: number;
  /** Undefined: until it is cleared. */
  readonly endUs: number | undefined;
}

/** What a policy's limits are looked at with. */
export interface Sight {
  readonly nowUs: number;
  /** The override that holds now, if there is one. */
  readonly overrideOf: (limit: Limit) => HeldOverride | undefined;
  /** When another algorithm was replaced by the limit's; 0 if none was, or long ago. */
  readonly convertedUs: (limit: Limit) => number;
}

/** A limit as it stands for the subject, with the size that holds. */
export interface SizedLimit {
  readonly limit: Limit;
  readonly size: number;
  readonly override: HeldOverride | undefined;
  readonly view: LimitView;
}

export function sizedLimits(account: Account, { limits }: Policy, sight: Sight): SizedLimit[] {
  const { nowUs } = sight;
  return limits.map((limit) => {
    const override = sight.overrideOf(limit);
    // An override may have been set for another algorithm.
    const largest = algorithmOf(limit).maxLimit ?? Number.POSITIVE_INFINITY;
    const size = override === undefined ? limit.limit : Math.min(override.limit, largest);
    const moment = { size, nowUs, convertedUs: sight.convertedUs(limit) };
    return { limit, size, override, view: MEMORY_ALGORITHMS[limit.algorithm].view(account, limit, moment) };
  });
}

/**
 * Until `cost` can be taken from a limit, in microseconds; 0 if it can, undefined if that never comes. At an override's
 * end another size decides: that is when to ask again, at the latest.
 */
export function retryDelayUs(
  { size, override, view }: SizedLimit,
  cost: number,
  nowUs: number,
): number | undefined {
  const delayUs = cost <= size ? view.retryDelayUs(cost) : undefined;
  if (delayUs === 0 || override?.endUs === undefined) return delayUs;
  return Math.min(delayUs ?? Number.POSITIVE_INFINITY, override.endUs - nowUs);
}

export function statusOf({ limit, size, override, view }: SizedLimit, shadowDenied = false): LimitStatus {
  const { name, windowMs, shadow = false } = limit;
  const { remaining, resetDelayUs, nextDelayUs } = view.describe();
  const overridden = override !== undefined;
  const windowUs = windowMs * US_PER_MS;
  return {
    name,
    limit: size,
    remaining,
    windowUs,
    resetDelayUs,
    nextDelayUs,
    shadow,
    shadowDenied,
    overridden,
    overrideEndMs: override?.endUs === undefined ? undefined : override.endUs / US_PER_MS,
  };
}

/** Gives back all that was taken from a policy's limits; how many limits that was. The requests stay remembered. */
export function giveBack(account: Account, policy: Policy, sight: Sight): number {
  const before = sizedLimits(account, policy, sight).map(
    (each) => [each.limit, each.view.describe()] as const,
  );
  const enforced = policy.limits.filter(countsTakings).map(({ windowMs }) => windowMs);
  const converted = policy.limits.filter((limit) => sight.convertedUs(limit) > 0);
  const longestMs = Math.max(0, ...enforced, ...converted.map(({ windowMs }) => windowMs));
  account.takings.giveBack(longestMs * US_PER_MS, sight.nowUs);
  for (const { name } of policy.limits) {
    account.states.delete(name);
    account.shadows.delete(name);
  }
  return before.filter(([, { resetDelayUs }]) => resetDelayUs > 0).length;
}
