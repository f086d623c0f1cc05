import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Admission, Decision, LimitStatus } from '../quota/admission';
import { StoreUnavailable, UnknownRequest } from '../quota/errors';
import type { NewOverride, Override, OverridePage, OverrideQuery, OverrideTarget } from '../quota/overrides';
import type { Policy } from '../quota/policies';
import { retainMs } from '../quota/policy_bounds';
import type { BoundedRaise } from '../quota/raises';
import type { Refund, RefundRequest } from '../quota/refund';
import type { Patience } from '../quota/store';
import { type Account, forgetUntil, newAccount } from './account';
import { createConversions } from './conversions';
import { decide } from './decide';
import { createOverrides } from './overrides';
import { requirePatience } from './patience';
import { refund } from './refund';
import { type KnownStanding, standAs } from './seed';
import { giveBack, type Sight, sizedLimits, statusOf } from './sized_limits';

/** The deciding part of a memory: at once, in one process. */
export interface MemoryLimits {
  /** As `QuotaStore.admit`. Throws `StoreUnavailable` if there is no room left for a subject that is not known. */
  admit(admission: Admission, policy: Policy, patience?: Patience): Decision;
  /** As `QuotaStore.refund`; and when the request was taken. */
  refund(request: RefundRequest, policy: Policy): Refund & { takenUs: number };
  readQuota(subject: string, policy: Policy): LimitStatus[];
  resetQuota(subject: string, policies: readonly Policy[]): number;
  setOverride(override: NewOverride): Override | undefined;
  raiseLimit(raise: BoundedRaise): Override | undefined;
  clearOverride(target: OverrideTarget): boolean;
  listOverrides(query: OverrideQuery): OverridePage;
  /**
   * Makes a subject stand as another store reported it, unless it has been decided on here since then. Throws
   * `StoreUnavailable` if there is no room left for it.
   */
  learn(subject: string, policy: Policy, known: KnownStanding): void;
  /** Forgets all that is kept of a subject. */
  erase(subject: string): void;
  /** Forgets what was taken until a subject's erasure began; undefined if it was not erased. Looks at all of them, in parts. */
  dropErased(erasedUs: (subject: string) => number | undefined): Promise<void>;
  /** Forgets subjects that have nothing taken and whose requests need not be remembered. */
  sweep(): void;
  /** How many subjects are remembered, once for each policy. */
  readonly size: number;
}

export interface MemoryLimitsOptions {
  /** Microseconds since 1970, whole. Must not go back for one subject. */
  readonly nowUs: () => number;
  /** How many subjects are remembered at most, once for each policy. */
  readonly capacity?: number;
}

const US_PER_MS = 1000;

/** Subjects looked at in one turn of the loop: about two milliseconds, if each is hashed. */
const LOOKED_AT = 500;

/** A full memory looks for what it can forget this often: looking costs time for each subject. */
const SWEEP_US = 1_000_000;

export function createMemoryLimits({
  nowUs: readClock,
  capacity = Number.POSITIVE_INFINITY,
}: MemoryLimitsOptions): MemoryLimits {
  const accounts = new Map<string, Account>();
  const overrides = createOverrides();
  const conversions = createConversions();
  let sweptUs = Number.NEGATIVE_INFINITY;

  function sightOf(subject: string, policy: Policy, nowUs: number): Sight {
    conversions.follow(policy, nowUs);
    return {
      nowUs,
      overrideOf(limit) {
        const held = overrides.find({ subject, policy: policy.name, limitName: limit.name }, nowUs);
        if (held === undefined) return undefined;
        const endUs = held.expireTimeMs === undefined ? undefined : held.expireTimeMs * US_PER_MS;
        return { limit: held.limit, endUs };
      },
      convertedUs: (limit) => conversions.convertedUs(policy, limit),
    };
  }

  function sweep(): void {
    const nowUs = readClock();
    sweptUs = nowUs;
    for (const [key, { untilUs }] of accounts) if (untilUs <= nowUs) accounts.delete(key);
  }

  function keep(key: string, account: Account, policy: Policy, nowUs: number): void {
    if (!accounts.has(key)) {
      if (accounts.size >= capacity && nowUs - sweptUs >= SWEEP_US) sweep();
      if (accounts.size >= capacity)
        throw new StoreUnavailable({ cause: new Error('the memory of subjects is full') });
      accounts.set(key, account);
    }
    account.takenUs = nowUs;
    account.untilUs = Math.max(account.untilUs, nowUs + keptMs(policy) * US_PER_MS);
  }

  return {
    admit(admission, policy, patience = {}) {
      requirePatience(patience);
      const { subject } = admission;
      const nowUs = readClock();
      const key = keyOf(policy, subject);
      const account = accounts.get(key) ?? newAccount();
      return decide(admission, {
        account,
        policy,
        sight: sightOf(subject, policy, nowUs),
        beforeTaking: () => keep(key, account, policy, nowUs),
      });
    },

    refund({ subject, requestId }, policy) {
      const account = accounts.get(keyOf(policy, subject));
      if (account === undefined) throw new UnknownRequest();
      return refund(requestId, { account, policy, sight: sightOf(subject, policy, readClock()) });
    },

    readQuota(subject, policy) {
      const account = accounts.get(keyOf(policy, subject)) ?? newAccount();
      return sizedLimits(account, policy, sightOf(subject, policy, readClock())).map((limit) =>
        statusOf(limit),
      );
    },

    resetQuota(subject, policies) {
      const nowUs = readClock();
      return policies.reduce((sum, policy) => {
        const account = accounts.get(keyOf(policy, subject));
        return account === undefined ? sum : sum + giveBack(account, policy, sightOf(subject, policy, nowUs));
      }, 0);
    },

    setOverride: (override) => overrides.set(override, readClock()),
    raiseLimit: (raise) => overrides.raise(raise, readClock()),
    clearOverride: overrides.clear,
    listOverrides: (query) => overrides.list(query, readClock()),

    learn(subject, policy, known) {
      const key = keyOf(policy, subject);
      const account = accounts.get(key) ?? newAccount();
      if (account.takenUs >= known.atUs) return;
      conversions.follow(policy, readClock());
      keep(key, account, policy, known.atUs);
      standAs(account, policy, known);
      for (const { name: limitName, limit, overridden, overrideEndMs: expireTimeMs } of known.limits) {
        const target = { subject, policy: policy.name, limitName };
        if (overridden) overrides.set({ ...target, limit, expireTimeMs, setBy: '' }, known.atUs);
        else overrides.clear(target);
      }
    },

    erase(subject) {
      overrides.erase(subject);
      for (const key of accounts.keys()) if (subjectOf(key) === subject) accounts.delete(key);
    },

    async dropErased(erasedUs) {
      let lookedAt = 0;
      for (const [key, account] of accounts) {
        const subject = subjectOf(key);
        const us = erasedUs(subject);
        if (us !== undefined && account.takenUs <= us) accounts.delete(key);
        else if (us !== undefined) forgetUntil(account, us);
        if (us !== undefined) overrides.erase(subject);
        lookedAt += 1;
        if (lookedAt % LOOKED_AT === 0) await nextTurn();
      }
    },

    sweep,

    get size() {
      return accounts.size;
    },
  };
}

/** A policy's name holds no colon, so no two share a key. */
function keyOf({ name }: Policy, subject: string): string {
  return `${name}:${subject}`;
}

function subjectOf(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}

/** How long what was taken matters: to a limit, or to a repeat. */
function keptMs(policy: Policy): number {
  return Math.max(retainMs(policy), ...policy.limits.map(({ windowMs }) => windowMs));
}
