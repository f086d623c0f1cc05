import type { LimitStatus } from '../quota/admission';
import { type AlgorithmName, algorithmOf } from '../quota/algorithms/registry';
import { countsTakings, type Limit } from '../quota/limits';
import type { Policy } from '../quota/policies';
import { viewWindow } from './sliding_window';
import { createTakings, type Takings } from './takings';
import { type BucketState, missingTokens, viewBucket } from './token_bucket';
import type { LimitView } from './view';

const US_PER_MS = 1000;

/** All that one subject has to do with one policy. */
export interface Account {
  readonly takings: Takings;
  /** What is missing from each token bucket, by the limit's name. */
  readonly buckets: Map<string, BucketState>;
  /** What each sliding window in shadow has taken, by the limit's name. */
  readonly shadows: Map<string, Takings>;
  /** When it was last taken from. */
  takenUs: number;
  /** From when on it equals a new one. */
  untilUs: number;
}

export function newAccount(): Account {
  const [takenUs, untilUs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { takings: createTakings(), buckets: new Map(), shadows: new Map(), takenUs, untilUs };
}

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
  return limits.map((limit) => {
    const override = sight.overrideOf(limit);
    // An override may have been set for another algorithm.
    const largest = algorithmOf(limit).maxLimit ?? Number.POSITIVE_INFINITY;
    const size = override === undefined ? limit.limit : Math.min(override.limit, largest);
    return { limit, size, override, view: VIEWS[limit.algorithm](account, limit, { ...sight, size }) };
  });
}

type View = (account: Account, limit: Limit, sized: Sight & { size: number }) => LimitView;

/** A new algorithm is a type error until it is here. */
const VIEWS: Readonly<Record<AlgorithmName, View>> = {
  'sliding-window': windowOf,
  'token-bucket': bucketOf,
};

function windowOf(account: Account, limit: Limit, sized: Sight & { size: number }): LimitView {
  const { nowUs, size } = sized;
  if (!limit.shadow) takeOverBucket(account, limit, sized);
  const takings = limit.shadow ? shadowOf(account, limit) : account.takings;
  const windowUs = limit.windowMs * US_PER_MS;
  return viewWindow({ size, windowUs, nowUs, takings, isShadow: limit.shadow ?? false });
}

function bucketOf(account: Account, limit: Limit, sized: Sight & { size: number }): LimitView {
  const { nowUs, size } = sized;
  const { takings, buckets } = account;
  const windowUs = limit.windowMs * US_PER_MS;
  const state = buckets.get(limit.name);
  const convertedUs = limit.shadow || state !== undefined ? 0 : sized.convertedUs(limit);
  return viewBucket({
    limit,
    size,
    nowUs,
    state,
    takenBefore: convertedUs === 0 ? 0 : takings.countWithin(windowUs, nowUs),
    keep: (next) => buckets.set(limit.name, next),
  });
}

/** The takings of a sliding window in shadow. */
export function shadowOf({ shadows }: Account, { name }: Limit): Takings {
  const known = shadows.get(name) ?? createTakings();
  shadows.set(name, known);
  return known;
}

/**
 * A window takes over from a token bucket, once: what is missing from that counts as taken now, as far as the takings
 * do not hold it.
 */
function takeOverBucket(
  { takings, buckets }: Account,
  limit: Limit,
  { convertedUs, nowUs, size }: Sight & { size: number },
): void {
  const bucket = buckets.get(limit.name);
  if (bucket === undefined || convertedUs(limit) === 0) return;
  buckets.delete(limit.name);
  // An override may end: what it hides now must not be forgotten.
  const missing = Math.min(Math.max(size, limit.limit), missingTokens(bucket));
  const cost = missing - takings.countWithin(limit.windowMs * US_PER_MS, nowUs);
  if (cost > 0) takings.add({ id: undefined, cost, atUs: nowUs, isCounted: true });
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
    account.buckets.delete(name);
    account.shadows.delete(name);
  }
  return before.filter(([, { resetDelayUs }]) => resetDelayUs > 0).length;
}
