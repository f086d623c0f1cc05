import type { LimitStatus } from '../quota/admission';
import { algorithmOf } from '../quota/algorithms/registry';
import { countsTakings, type Limit } from '../quota/limits';
import type { Policy } from '../quota/policies';
import { type Account, shadowOf } from './account';
import { MEMORY_ALGORITHMS } from './algorithms/registry';
import type { Taking } from './takings';

/** What a store reported of a subject, and when, by the clock of the memory. */
export interface KnownStanding {
  readonly limits: readonly LimitStatus[];
  readonly atUs: number;
}

interface KnownWindow {
  readonly limit: Limit;
  readonly status: LimitStatus;
  readonly taken: number;
}

/**
 * Makes an account stand as a store reported it. Of the tokens taken from a window only the first and the last return
 * are known: all others are taken to come back with the last, so nothing comes back early. The requests stay remembered.
 */
export function standAs(account: Account, policy: Policy, known: KnownStanding): void {
  account.takings.giveBack(Number.POSITIVE_INFINITY, known.atUs);
  account.states.clear();
  account.shadows.clear();
  for (const limit of policy.limits) seedState(account, limit, known);
  const windows = knownWindows(policy, known);
  for (const taking of enforcedTakings(windows, known.atUs)) account.takings.add(taking);
  for (const window of windows) {
    if (!window.limit.shadow) continue;
    const own = shadowOf(account, window.limit);
    for (const taking of windowTakings(window, newestUs(window, known.atUs), known.atUs)) own.add(taking);
  }
  account.takenUs = known.atUs;
}

/** Gives a limit its state, if its algorithm keeps one. */
function seedState({ states }: Account, limit: Limit, { limits, atUs }: KnownStanding): void {
  const status = limits.find(({ name }) => name === limit.name);
  const state = status && MEMORY_ALGORITHMS[limit.algorithm].stateOf?.(limit, status, atUs);
  if (state !== undefined) states.set(limit.name, state);
}

/** The windows from which something is out, the shortest first. */
function knownWindows({ limits }: Policy, known: KnownStanding): KnownWindow[] {
  return limits
    .filter((limit) => algorithmOf(limit).keepsTokens)
    .flatMap((limit) => {
      const status = known.limits.find(({ name }) => name === limit.name);
      const taken = status === undefined ? 0 : status.limit - status.remaining;
      return status === undefined || taken <= 0 ? [] : [{ limit, status, taken }];
    })
    .sort((a, b) => a.status.windowUs - b.status.windowUs);
}

/**
 * The enforced windows of a policy count the same takings: those of a longer one that are not in the next shorter one are
 * older than that.
 */
function enforcedTakings(windows: readonly KnownWindow[], atUs: number): Taking[] {
  const takings: Taking[] = [];
  let counted = 0;
  let latestUs: number | undefined;
  for (const window of windows.filter(({ limit }) => countsTakings(limit))) {
    const rest = { ...window, taken: window.taken - counted };
    takings.push(...windowTakings(rest, latestUs ?? newestUs(window, atUs), atUs));
    counted = Math.max(counted, window.taken);
    latestUs = atUs - window.status.windowUs;
  }
  return takings.sort((a, b) => a.atUs - b.atUs);
}

function newestUs({ status }: KnownWindow, atUs: number): number {
  return atUs + status.resetDelayUs - status.windowUs;
}

/** One token at the moment that the first return follows from, the others at the latest that they can be from. */
function windowTakings({ status, taken }: KnownWindow, latestUs: number, atUs: number): Taking[] {
  const oldestUs = Math.min(latestUs, atUs + status.nextDelayUs - status.windowUs);
  return [
    { id: undefined, cost: Math.min(1, taken), atUs: oldestUs, isCounted: true },
    { id: undefined, cost: taken - 1, atUs: latestUs, isCounted: true },
  ].filter(({ cost }) => cost > 0);
}
