import type { FallbackState } from '../outage/fallback';
import type { Auditing } from '../quota/auditing';
import type { DecisionListener } from '../quota/decision_feed';
import type { Erasing } from '../quota/erasing';
import type { FeedChannel } from '../quota/feed_messages';
import type { Fleet, FleetMember } from '../quota/fleet';
import type { QuotaStore } from '../quota/store';
import type { Finding } from '../quota/store_risks';
import type { StoreRecord } from '../recording/record_store';
import type { AdmissionEvents } from '../redis/limits/admitting';
import type { ClockEstimate } from '../redis/store_clock';

/** The connections to one database. */
export interface DatabaseConnection {
  isReady(): boolean;
  /** Called whenever one of them was lost or could not be opened. */
  onClose(listener: () => void): void;
}

/** What the daemon depends on: the store, and everything that monitors it. */
export interface Backend {
  /** The databases; none without Redis. */
  readonly connections: Readonly<Record<string, DatabaseConnection>>;
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
  /** Writes down what is asked and answered. */
  readonly record: StoreRecord;
  /** This process, as it is now. */
  readonly self: () => FleetMember;
}

export interface OutageState extends FallbackState {
  /** The databases, and how many partitions of each are not asked any more. */
  readonly unaskedPartitions: Readonly<Record<string, number>>;
}

/** A backend that is in use. */
export interface StartedBackend {
  readonly store: QuotaStore;
  /** To be subscribed to decisions: counts the denials that the store does not count by itself. */
  readonly decided: DecisionListener;
  readonly erasing: Erasing;
  readonly auditing: Auditing;
  readonly fleet: Fleet;
  /** The way of decisions to those who watch at other daemons; undefined if there are none. */
  readonly feedChannel: FeedChannel | undefined;
  /** Whether admissions can be decided on with the store, and whether calls can be recorded. */
  readonly isServing: Readonly<Record<'store' | 'calls', () => boolean>>;
  /** The policies in force have changed. */
  policiesChanged(): void;
  /** What is known of the store's clocks, unless it is this machine's: of a Cluster, of each partition's. */
  clocks(): readonly ClockEstimate[];
  /** How far behind the statistics are. */
  folding(): {
    readonly lagSeconds: number;
    readonly backlogEntries: number;
    readonly droppedEntries: number;
  };
  /** The state of deciding without the store. */
  outage(): OutageState;
  /** Ends the background work, and closes the connections. */
  stop(): Promise<void>;
}
