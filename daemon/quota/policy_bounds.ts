import { algorithmOf } from './algorithms/registry';
import { formatDuration } from './duration';
import { countsTakings, hasOwnSet, type Limit, MAX_LIMIT } from './limits';

/** A request id is remembered for the policy's longest window, but never for less or more than this, unless set. */
export const MIN_REMEMBER_MS = 60_000;
export const MAX_REMEMBER_MS = 86_400_000;

/** What one call of the largest cost may take Redis, which does nothing else meanwhile. */
export const MAX_CALL_US = 2000;

/**
 * What Redis takes for a call, for each of its limits, and for each token that a sorted set keeps. Measured on Redis
 * 7.0 with an append-only file, and rounded up.
 */
const CALL_US = 20;
const LIMIT_US = 5;
const TOKEN_US = 1.2;

/** The members of one subject's set that a policy may come to: some ten megabytes. `takings.lua` keeps as many. */
export const MAX_MEMBERS = 100_000;

/** The parts of a policy that determine its bounds. */
export interface Bounded {
  readonly limits: readonly Limit[];
  /** How long a request id is remembered; 0: not at all. */
  readonly rememberMs: number;
}

/** How long the request ids of a policy with these limits are remembered if it does not say. */
export function defaultRememberMs(limits: readonly Limit[]): number {
  const longestMs = Math.max(...limits.map(({ windowMs }) => windowMs));
  return Math.min(Math.max(longestMs, MIN_REMEMBER_MS), MAX_REMEMBER_MS);
}

/** How long a subject's takings are kept: for as long as a sliding window counts them, or their ids are remembered. */
export function retainMs({ limits, rememberMs }: Bounded): number {
  return Math.max(rememberMs, ...limits.filter(countsTakings).map(({ windowMs }) => windowMs));
}

/**
 * The most members that a subject's set of takings can have by the limits of its policy: what the strictest one lets through
 * while they are kept. Infinite if every limit is a shadow. What passes the limits (decision 20 lists it) is not in it: there,
 * as with shadows alone, the functions drop the oldest ids.
 */
export function mostMembers(policy: Bounded): number {
  const keptMs = retainMs(policy);
  if (keptMs === 0) return 0;
  const passing = policy.limits
    .filter(({ shadow }) => !shadow)
    .map((limit) => algorithmOf(limit).mostWithin(limit, keptMs));
  return Math.min(...passing);
}

/** The most tokens that one call can take: a cost above the smallest limit is denied, and writes nothing. */
function mostTokens(limits: readonly Limit[]): number {
  return Math.min(...limits.filter(({ shadow }) => !shadow).map(({ limit }) => limit));
}

/** The largest cost that the limits admit at any size that an operator may give them; infinite if every limit is a shadow. */
export function largestCost({ limits }: Pick<Bounded, 'limits'>): number {
  const enforced = limits.filter(({ shadow }) => !shadow);
  return Math.min(...enforced.map((limit) => algorithmOf(limit).maxLimit ?? MAX_LIMIT));
}

/** What a call of this cost may take Redis, in microseconds. */
export function callUs({ limits }: Pick<Bounded, 'limits'>, cost: number): number {
  const taken = Math.min(cost, mostTokens(limits));
  const inSet = limits.some(countsTakings) ? taken : 0;
  const inShadows = limits
    .filter(hasOwnSet)
    .reduce((sum, { limit }) => sum + Math.min(cost, taken, limit), 0);
  return CALL_US + LIMIT_US * limits.length + TOKEN_US * (inSet + inShadows);
}

/** The same with any overrides: only Redis knows them, and they may let more through. */
export function overriddenCallUs({ limits }: Pick<Bounded, 'limits'>, cost: number): number {
  let inSet = 0;
  let inShadows = 0;
  for (const limit of limits) {
    const { keepsTokens, maxLimit = cost } = algorithmOf(limit);
    if (!keepsTokens) continue;
    const taken = Math.min(cost, maxLimit);
    if (limit.shadow) inShadows += taken;
    else inSet = Math.max(inSet, taken);
  }
  return CALL_US + LIMIT_US * limits.length + TOKEN_US * (inSet + inShadows);
}

/** What one call of a policy may take Redis at most, in whole microseconds. */
export function longestCallUs(policy: Bounded): number {
  return Math.ceil(callUs(policy, Number.MAX_SAFE_INTEGER));
}

/** Why Redis could not keep a policy within its bounds, with the calculation; empty if it can. */
export function boundFaults(policy: Bounded): string[] {
  const faults: string[] = [];
  const longestUs = longestCallUs(policy);
  if (longestUs > MAX_CALL_US) {
    const sets = policy.limits.filter((limit) => algorithmOf(limit).keepsTokens).length;
    faults.push(
      `one call could take Redis ${longestUs} µs, and ${MAX_CALL_US} µs is the most: ${CALL_US} µs, ${LIMIT_US} µs for each of ${policy.limits.length} limits, and ${TOKEN_US} µs for each token that ${sets} limits keep; use smaller limits or fewer shadows`,
    );
  }
  const members = mostMembers(policy);
  if (Number.isFinite(members) && members > MAX_MEMBERS) {
    faults.push(
      `up to ${members} request ids of one subject would be kept for ${formatDuration(retainMs(policy))}, and ${MAX_MEMBERS} is the most; use a smaller limit, a longer window, a shorter remember, or remember: none`,
    );
  }
  return faults;
}
