import type { LimitStatus } from '../../daemon/quota/admission';
import { algorithmOf } from '../../daemon/quota/algorithms/registry';
import { countsTakings, type Limit } from '../../daemon/quota/limits';
import type { Policy } from '../../daemon/quota/policies';
import { createLimitModel, type LimitModel, type LimitView, windowView } from './limit_model';

/** One entry of a joined call, as the model takes it. */
export interface ModelAsk {
  readonly policy: Policy;
  readonly subject: string;
  readonly cost: number;
  readonly requestId: string | undefined;
  readonly deadlineUs: number | undefined;
}

/** What an entry must come to. `idCount`: the ids that a denial lists; undefined if there are too many. */
export type ModelOutcome =
  | 'late'
  | 'reused'
  | {
      readonly admitted: boolean;
      readonly isRepeat: boolean;
      readonly retryDelayUs: number | undefined;
      readonly limits: readonly LimitStatus[];
      readonly idCount: number | undefined;
    };

/** One admitted request. */
interface Taking {
  readonly requestId: string | undefined;
  readonly cost: number;
  readonly atUs: number;
  /** False once an operator has given it back, and if no limit of the policy counted requests then. */
  counts: boolean;
  readonly members: number;
}

/** All that one subject has to do with one policy. */
interface Account {
  takings: Taking[];
  /** Of the limits that do not count the takings, by algorithm and name. */
  readonly states: Map<string, LimitModel>;
  readonly overrides: Map<string, { limit: number; expireMs: number | undefined }>;
}

const MOST_LISTED = 64;

/**
 * The reference: all that the store must remember, in the plainest form that can be right. It forgets nothing, so it
 * holds for as long as nothing is older than the policies remember.
 */
export interface StoreModel {
  decide(ask: ModelAsk, nowUs: number): ModelOutcome;
  reset(subject: string, policy: Policy, nowUs: number): void;
  override(subject: string, policy: Policy, limit: string, size: number, expireMs: number | undefined): void;
  clear(subject: string, policy: Policy, limit: string): void;
}

export function createStoreModel(): StoreModel {
  const accounts = new Map<string, Account>();

  function accountOf(subject: string, { name }: Policy): Account {
    const key = JSON.stringify([name, subject]);
    const account = accounts.get(key) ?? newAccount();
    accounts.set(key, account);
    return account;
  }

  return {
    decide: (ask, nowUs) => decide(accountOf(ask.subject, ask.policy), ask, nowUs),

    reset(subject, policy, nowUs) {
      const account = accountOf(subject, policy);
      const longestMs = Math.max(0, ...policy.limits.filter(countsTakings).map(({ windowMs }) => windowMs));
      for (const taking of account.takings) if (taking.atUs > nowUs - longestMs * 1000) taking.counts = false;
      for (const limit of policy.limits) account.states.delete(stateNameOf(limit));
    },

    override(subject, policy, limit, size, expireMs) {
      accountOf(subject, policy).overrides.set(limit, { limit: size, expireMs });
    },

    clear(subject, policy, limit) {
      accountOf(subject, policy).overrides.delete(limit);
    },
  };
}

function newAccount(): Account {
  return { takings: [], states: new Map(), overrides: new Map() };
}

function stateNameOf({ algorithm, name }: Limit): string {
  return `${algorithm}:${name}`;
}

function decide(
  account: Account,
  { policy, cost, requestId, deadlineUs }: ModelAsk,
  nowUs: number,
): ModelOutcome {
  if (deadlineUs !== undefined && nowUs > deadlineUs) return 'late';
  const known = account.takings.find((taking) => requestId !== undefined && taking.requestId === requestId);
  if (known !== undefined && known.cost !== cost) return 'reused';
  const views = policy.limits.map((limit) => viewOf(account, limit, nowUs));
  const judged = views.map((view) => ({ view, delayUs: retryDelayUs(view, cost, nowUs) }));
  const delays = judged.filter(({ view }) => !view.limit.shadow).map(({ delayUs }) => delayUs);
  const admitted = known !== undefined || delays.every((delayUs) => delayUs === 0);
  if (admitted && known === undefined) {
    take(account, policy, { requestId, cost, atUs: nowUs });
    for (const { view, delayUs } of judged) if (delayUs === 0) view.take(cost);
  }
  return {
    admitted,
    isRepeat: known !== undefined,
    retryDelayUs: admitted ? undefined : longestDelayUs(delays),
    limits: judged.map(({ view: { limit }, delayUs }) => {
      const shadowDenied = known === undefined && (limit.shadow ?? false) && delayUs !== 0;
      return statusOf(viewOf(account, limit, nowUs), nowUs, shadowDenied);
    }),
    idCount: admitted || !isLookedUp(policy, requestId) ? undefined : listedIds(account),
  };
}

/** Undefined if one of them never comes. */
function longestDelayUs(delays: readonly (number | undefined)[]): number | undefined {
  return delays.reduce(
    (longest, delay) => (longest === undefined || delay === undefined ? undefined : Math.max(longest, delay)),
    0,
  );
}

/** Whether the set of a policy is read: if nothing in it counts, a request without an id has no place there. */
function isLookedUp({ limits }: Policy, requestId: string | undefined): boolean {
  return limits.some(countsTakings) || requestId !== undefined;
}

function take(account: Account, policy: Policy, taken: Pick<Taking, 'requestId' | 'cost' | 'atUs'>): void {
  const counts = policy.limits.some(countsTakings);
  const members = counts ? taken.cost : Math.min(taken.cost, 2);
  if (isLookedUp(policy, taken.requestId)) account.takings.push({ ...taken, counts, members });
}

function listedIds({ takings }: Account): number | undefined {
  const members = takings.reduce((sum, taking) => sum + taking.members, 0);
  return members > MOST_LISTED ? undefined : takings.length;
}

/** How a limit stands, with the size that holds for the subject now. */
function viewOf(account: Account, limit: Limit, nowUs: number): OverridableView {
  const override = account.overrides.get(limit.name);
  const endUs = override?.expireMs === undefined ? Number.POSITIVE_INFINITY : override.expireMs * 1000;
  const holds = override !== undefined && endUs > nowUs;
  const largest = algorithmOf(limit).maxLimit ?? Number.POSITIVE_INFINITY;
  const size = holds ? Math.min(override.limit, largest) : limit.limit;
  return {
    ...stateOf(account, limit, size, nowUs),
    limit,
    size,
    overrideEndUs: holds ? endUs : undefined,
  };
}

function stateOf(account: Account, limit: Limit, size: number, nowUs: number): LimitView {
  const moment = { size, windowMs: limit.windowMs, nowUs };
  if (!countsTakings(limit)) {
    const state = account.states.get(stateNameOf(limit)) ?? createLimitModel(limit.algorithm);
    account.states.set(stateNameOf(limit), state);
    return state(moment);
  }
  const moments = account.takings
    .filter(({ counts }) => counts)
    .flatMap(({ cost, atUs }) => Array<number>(cost).fill(atUs));
  // The request itself is what the window counts.
  return windowView({ ...moment, moments, take: () => undefined });
}

interface OverridableView extends LimitView {
  readonly limit: Limit;
  readonly size: number;
  readonly overrideEndUs: number | undefined;
}

/** Until the cost is free, or another size decides; undefined if neither comes. */
function retryDelayUs(
  { size, freeAtUs, overrideEndUs }: OverridableView,
  cost: number,
  nowUs: number,
): number | undefined {
  const freeUs = cost <= size ? freeAtUs(cost) : undefined;
  if (freeUs === nowUs) return 0;
  const firstUs = Math.min(freeUs ?? Number.POSITIVE_INFINITY, overrideEndUs ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(firstUs) ? firstUs - nowUs : undefined;
}

function statusOf(view: OverridableView, nowUs: number, shadowDenied: boolean): LimitStatus {
  const { limit, size, free, freeAtUs, resetAtUs, overrideEndUs } = view;
  const nextUs = free < size ? (freeAtUs(free + 1) ?? Number.NaN) : nowUs;
  return {
    name: limit.name,
    limit: size,
    remaining: free,
    windowUs: limit.windowMs * 1000,
    resetDelayUs: resetAtUs - nowUs,
    nextDelayUs: nextUs - nowUs,
    shadow: limit.shadow ?? false,
    shadowDenied,
    overridden: overrideEndUs !== undefined,
  };
}
