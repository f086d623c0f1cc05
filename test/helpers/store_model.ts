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
  | 'refunded'
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
  members: number;
  isRefunded: boolean;
  /** False for tokens that a window took over from a bucket: no request is known of them. */
  readonly isNamed: boolean;
}

/** What a refund must come to. */
export type ModelRefund =
  | 'unknown'
  | { readonly isRefunded: boolean; readonly cost: number; readonly limits: readonly LimitStatus[] };

/** All that one subject has to do with one policy. */
interface Account {
  takings: Taking[];
  /** Of the limits that do not count the takings and were taken from, by algorithm and name. */
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
  refund(subject: string, policy: Policy, requestId: string, nowUs: number): ModelRefund;
  reset(subject: string, policy: Policy, nowUs: number): void;
  override(subject: string, policy: Policy, limit: string, size: number, expireMs: number | undefined): void;
  clear(subject: string, policy: Policy, limit: string): void;
  /** A reload gave a limit another algorithm. */
  convert(policy: Policy, limit: string, atUs: number): void;
}

/** When a limit's algorithm was replaced by the one that it has; 0 if never. */
type ConvertedUs = (limit: Limit) => number;

export function createStoreModel(): StoreModel {
  const accounts = new Map<string, Account>();
  const converted = new Map<string, number>();
  const convertedUsOf =
    ({ name }: Policy): ConvertedUs =>
    (limit) =>
      converted.get(JSON.stringify([name, limit.name])) ?? 0;

  function accountOf(subject: string, { name }: Policy): Account {
    const key = JSON.stringify([name, subject]);
    const account = accounts.get(key) ?? newAccount();
    accounts.set(key, account);
    return account;
  }

  return {
    decide(ask, nowUs) {
      const convertedUs = convertedUsOf(ask.policy);
      return decide(accountOf(ask.subject, ask.policy), ask, { nowUs, convertedUs });
    },

    refund(subject, policy, requestId, nowUs) {
      const now = { nowUs, convertedUs: convertedUsOf(policy) };
      return refund(accountOf(subject, policy), policy, { ...now, requestId });
    },

    reset(subject, policy, nowUs) {
      const account = accountOf(subject, policy);
      const longestMs = Math.max(0, ...policy.limits.filter(countsTakings).map(({ windowMs }) => windowMs));
      for (const taking of account.takings) if (taking.atUs > nowUs - longestMs * 1000) taking.counts = false;
      const convertedUs = convertedUsOf(policy);
      for (const limit of policy.limits) {
        account.states.delete(stateNameOf(limit));
        // A window may not have taken over yet from the bucket that it was.
        if (countsTakings(limit) && convertedUs(limit) > 0) account.states.delete(bucketNameOf(limit));
      }
    },

    override(subject, policy, limit, size, expireMs) {
      accountOf(subject, policy).overrides.set(limit, { limit: size, expireMs });
    },

    clear(subject, policy, limit) {
      accountOf(subject, policy).overrides.delete(limit);
    },

    convert({ name }, limit, atUs) {
      converted.set(JSON.stringify([name, limit]), atUs);
    },
  };
}

function newAccount(): Account {
  return { takings: [], states: new Map(), overrides: new Map() };
}

function stateNameOf({ algorithm, name }: Limit): string {
  return `${algorithm}:${name}`;
}

function bucketNameOf({ name }: Limit): string {
  return `token-bucket:${name}`;
}

interface Now {
  readonly nowUs: number;
  readonly convertedUs: ConvertedUs;
}

function decide(account: Account, { policy, cost, requestId, deadlineUs }: ModelAsk, now: Now): ModelOutcome {
  const { nowUs } = now;
  if (deadlineUs !== undefined && nowUs > deadlineUs) return 'late';
  const known = account.takings.find((taking) => requestId !== undefined && taking.requestId === requestId);
  const misuse = known && misuseOf(known, cost);
  if (misuse !== undefined) return misuse;
  const views = policy.limits.map((limit) => viewOf(account, limit, now));
  const judged = views.map((view) => ({ view, delayUs: retryDelayUs(view, cost, nowUs) }));
  const delays = judged.filter(({ view }) => !view.limit.shadow).map(({ delayUs }) => delayUs);
  const admitted = known !== undefined || delays.every((delayUs) => delayUs === 0);
  if (admitted && known === undefined) {
    take(account, policy, { requestId, cost, atUs: nowUs });
    for (const { view, delayUs } of judged) if (delayUs === 0) view.take(cost, requestId);
  }
  return {
    admitted,
    isRepeat: known !== undefined,
    retryDelayUs: admitted ? undefined : longestDelayUs(delays),
    limits: judged.map(({ view: { limit }, delayUs }) => {
      const shadowDenied = known === undefined && (limit.shadow ?? false) && delayUs !== 0;
      return statusOf(viewOf(account, limit, now), nowUs, shadowDenied);
    }),
    idCount: admitted || !isLookedUp(policy, requestId) ? undefined : listedIds(account),
  };
}

function misuseOf(known: Taking, cost: number): 'refunded' | 'reused' | undefined {
  if (known.isRefunded) return 'refunded';
  return known.cost === cost ? undefined : 'reused';
}

function refund(
  account: Account,
  policy: Policy,
  { requestId, ...now }: Now & { requestId: string },
): ModelRefund {
  const { nowUs } = now;
  const known = account.takings.find((taking) => taking.requestId === requestId);
  if (known === undefined) return 'unknown';
  const isRefunded = !known.isRefunded;
  if (isRefunded) {
    for (const limit of policy.limits) viewOf(account, limit, now).refund(known);
    Object.assign(known, { isRefunded, counts: false, members: 1 });
  }
  const limits = policy.limits.map((limit) => statusOf(viewOf(account, limit, now), nowUs, false));
  return { isRefunded, cost: isRefunded ? known.cost : 0, limits };
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
  if (isLookedUp(policy, taken.requestId))
    account.takings.push({ ...taken, counts, members, isRefunded: false, isNamed: true });
}

function listedIds({ takings }: Account): number | undefined {
  const members = takings.reduce((sum, taking) => sum + taking.members, 0);
  return members > MOST_LISTED ? undefined : takings.filter(({ isNamed }) => isNamed).length;
}

/** How a limit stands, with the size that holds for the subject now. */
function viewOf(account: Account, limit: Limit, now: Now): OverridableView {
  const { nowUs } = now;
  const override = account.overrides.get(limit.name);
  const endUs = override?.expireMs === undefined ? Number.POSITIVE_INFINITY : override.expireMs * 1000;
  const holds = override !== undefined && endUs > nowUs;
  const largest = algorithmOf(limit).maxLimit ?? Number.POSITIVE_INFINITY;
  const size = holds ? Math.min(override.limit, largest) : limit.limit;
  return {
    ...stateOf(account, limit, { ...now, size }),
    limit,
    size,
    overrideEndUs: holds ? endUs : undefined,
  };
}

function stateOf(account: Account, limit: Limit, now: Now & { size: number }): LimitView {
  const moment = { ...now, windowMs: limit.windowMs, configured: limit.limit };
  if (!countsTakings(limit)) return ownStateOf(account, limit, moment);
  takeOver(account, limit, moment);
  const moments = account.takings
    .filter(({ counts }) => counts)
    .flatMap(({ cost, atUs }) => Array<number>(cost).fill(atUs));
  // The request itself is what the window counts.
  return windowView({ ...moment, moments });
}

type SizedNow = Now & { readonly size: number; readonly configured: number; readonly windowMs: number };

function ownStateOf(account: Account, limit: Limit, moment: SizedNow): LimitView {
  const known = account.states.get(stateNameOf(limit));
  const state = known ?? createLimitModel(limit.algorithm);
  // A bucket that took over from a window begins with what that one had let through.
  const isTakingOver = known === undefined && limit.algorithm === 'token-bucket' && !limit.shadow;
  const before = isTakingOver ? takenWithin(account, moment, moment.convertedUs(limit)) : 0;
  if (before > 0) state(moment).take(before);
  const view = state(moment);
  return {
    ...view,
    take(cost, requestId) {
      account.states.set(stateNameOf(limit), state);
      view.take(cost, requestId);
    },
  };
}

/** The tokens that count in a window that ends now, up to a moment. */
function takenWithin({ takings }: Account, { windowMs, nowUs }: SizedNow, untilUs: number): number {
  return takings
    .filter(({ counts, atUs }) => counts && atUs > nowUs - windowMs * 1000 && atUs <= untilUs)
    .reduce((sum, { cost }) => sum + cost, 0);
}

/** A window takes over from the bucket that it was, once: what was missing is taken now, as far as it is not known. */
function takeOver(account: Account, limit: Limit, moment: SizedNow): void {
  const bucket = account.states.get(bucketNameOf(limit));
  if (bucket?.missing === undefined || moment.convertedUs(limit) === 0) return;
  account.states.delete(bucketNameOf(limit));
  const missing = Math.min(Math.max(moment.size, limit.limit), bucket.missing());
  const cost = missing - takenWithin(account, moment, moment.nowUs);
  const taken = { requestId: undefined, atUs: moment.nowUs, counts: true, isRefunded: false, isNamed: false };
  if (cost > 0) account.takings.push({ ...taken, cost, members: cost });
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
    overrideEndMs: Number.isFinite(overrideEndUs) ? Number(overrideEndUs) / 1000 : undefined,
  };
}
