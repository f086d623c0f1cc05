import type { Redis } from 'ioredis';
import type { FallbackState } from '../outage/fallback';
import type { Auditing } from '../quota/auditing';
import type { DecisionListener } from '../quota/decision_feed';
import type { Erasing } from '../quota/erasing';
import type { QuotaStore } from '../quota/store';
import type { Finding } from '../quota/store_risks';
import type { AdmissionEvents } from '../redis/limits/admitting';
import type { ClockEstimate } from '../redis/store_clock';

/** What the daemon stands on: the store, and all that watches over it. */
export interface Backend {
  /** The connections to Redis; none without one. */
  readonly connections: Readonly<Record<string, Redis>>;
  /** What the settings of each Redis put at risk; undefined until they were read. */
  readonly storeFindings: Readonly<Record<string, () => readonly Finding[] | undefined>>;
  /** Whether each database takes what is written. */
  readonly isUsable: Readonly<Record<'admissions' | 'calls', () => boolean>>;
  /** Begins, and resolves once the store was tried for the first time; `opened` is called once it is open. */
  start(options: StartOptions): Promise<StartedBackend>;
}

export interface StartOptions {
  readonly events: AdmissionEvents;
  readonly opened: (isOpen: () => boolean) => void;
  /** Makes the failures of a store be counted. */
  readonly instrument: (store: QuotaStore) => QuotaStore;
}

export interface OutageState extends FallbackState {
  /** The databases, and whether each is not asked any more. */
  readonly openCircuits: Readonly<Record<string, boolean>>;
}

/** A backend that is in use. */
export interface StartedBackend {
  readonly store: QuotaStore;
  /** To be subscribed to decisions: counts the denials that the store does not count by itself. */
  readonly decided: DecisionListener;
  readonly erasing: Erasing;
  readonly auditing: Auditing;
  /** Whether admissions can be decided on with the store, and whether calls can be recorded. */
  readonly isServing: Readonly<Record<'store' | 'calls', () => boolean>>;
  /** The policies in force have changed. */
  policiesChanged(): void;
  /** What is known of the store's clock, unless it is this machine's. */
  clock(): ClockEstimate | undefined;
  /** How far the statistics are behind. */
  folding(): {
    readonly lagSeconds: number;
    readonly backlogEntries: number;
    readonly droppedEntries: number;
  };
  /** How far the daemon goes on without its store. */
  outage(): OutageState;
  /** Ends the work in the background, and closes the connections. */
  stop(): Promise<void>;
}
