import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { Admission, Decision, LimitStatus } from '../../../daemon/quota/admission';
import type { DecisionListener } from '../../../daemon/quota/decision_feed';
import type { Limit } from '../../../daemon/quota/limits';
import type { Policy } from '../../../daemon/quota/policies';
import type { Patience, QuotaStore } from '../../../daemon/quota/store';

/** What a store is opened for. */
export interface StoreSettings {
  /** The policies in force. */
  readonly policies: readonly Policy[];
  /** The windows that the statistics count. */
  readonly windowsMs: readonly number[];
}

export interface OpenedStore {
  readonly store: QuotaStore;
  /** Receives each decision, for a store that does not count denials by itself. */
  readonly decided?: DecisionListener;
  close(): Promise<void>;
}

/** Opens a new store that holds nothing. Several may be open at the same time. */
export type StoreFactory = (settings: StoreSettings) => Promise<OpenedStore>;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A policy of these limits that records nothing, unless given otherwise. */
export function policyOf(name: string, limits: readonly Limit[], given: Partial<Policy> = {}): Policy {
  return { name, limits, recordsConnections: false, onStoreFailure: 'deny', rememberMs: HOUR_MS, ...given };
}

/** Opens one store for all tests of a `describe` block, and closes it after them. */
export function openedStore(open: StoreFactory, settings: Partial<StoreSettings> = {}): () => QuotaStore {
  let opened: OpenedStore | undefined;
  let store: QuotaStore | undefined;
  beforeAll(async () => {
    opened = await open({ policies: [], windowsMs: [3 * DAY_MS], ...settings });
    store = published(opened);
  });
  afterAll(() => opened?.close());
  return () => {
    if (store === undefined) throw new Error('the store has not been opened yet');
    return store;
  };
}

/** Publishes decisions to the store, as the daemon does. */
function published({ store, decided }: OpenedStore): QuotaStore {
  return {
    ...store,
    async admit(admission, policy, patience) {
      const decision = await store.admit(admission, policy, patience);
      decided?.(admission, decision);
      return decision;
    },
  };
}

/** One admission, with what a test seldom gives left out. */
export interface Ask extends Partial<Omit<Admission, 'policy'>> {
  readonly policy: Policy;
  readonly patience?: Patience;
}

export function ask(store: QuotaStore, { policy, patience, ...rest }: Ask): Promise<Decision> {
  const admission = { subject: randomUUID(), cost: 1, requestId: undefined, ...rest, policy: policy.name };
  return store.admit(admission, policy, patience);
}

/** What is left of each limit, by its name: a store may list them in any order. */
export function remainingOf(limits: readonly LimitStatus[]): Record<string, number> {
  return Object.fromEntries(limits.map(({ name, remaining }) => [name, remaining]));
}
