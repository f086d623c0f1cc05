import type { Redis } from 'ioredis';
import type { QuotaStore } from '../quota/store';
import type { AdmissionEvents } from '../redis/limits/admitting';
import type { ClockEstimate } from '../redis/store_clock';

/** What the daemon stands on: the store, and all that watches over it. */
export interface Backend {
  /** The connections to Redis; none without one. */
  readonly connections: Readonly<Record<string, Redis>>;
  /** Whether each database takes what is written. */
  readonly isUsable: Readonly<Record<'admissions' | 'calls', () => boolean>>;
  /** Begins, and resolves once the store was tried for the first time; `opened` is called once it is open. */
  start(options: {
    events: AdmissionEvents;
    opened: (isOpen: () => boolean) => void;
  }): Promise<StartedBackend>;
}

/** A backend that is in use. */
export interface StartedBackend {
  readonly store: QuotaStore;
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
  /** Ends the work in the background, and closes the connections. */
  stop(): Promise<void>;
}
