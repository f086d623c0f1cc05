import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../../quota/errors';
import type { Folder, FoldReply } from './fold';

/** Another daemon folds once the one with the lease was silent for so long. */
const LEASE_MS = 1000;

/** How often a daemon looks for work, or for a lease that has ended: with `LEASE_MS`, it takes over within two seconds. */
const IDLE_MS = 250;

/** How often the sizes of the logs are measured. */
const MEASURE_MS = 1000;

/** What a daemon knows of the folding, for its metrics. */
export interface FoldProgress {
  /** The age of the oldest entry that is not folded, in seconds; 0 if all are. */
  readonly lagSeconds: number;
  /** Entries that are not folded. */
  readonly backlogEntries: number;
  /** Entries that this daemon has dropped from logs that were too large. */
  readonly droppedEntries: number;
  /** How many partitions this daemon has the lease of. */
  readonly leasedPartitions: number;
}

/** Folds the logs of all partitions into the statistics, as long as this daemon has their leases. */
export interface Consumer {
  start(): void;
  /** Ends after the step that is going on. */
  stop(): Promise<void>;
  readonly progress: FoldProgress;
}

export interface ConsumerOptions {
  readonly folder: Folder;
  readonly partitions: number;
  readonly logger: Logger;
  /** Is called if a partition has subjects that the record of calls may not know. */
  readonly onNewcomers: (partition: number) => void;
}

interface PartitionProgress {
  lagUs: number;
  backlog: number;
  isLeased: boolean;
  measuredMs: number;
}

export function createConsumer({ folder, partitions, logger, onNewcomers }: ConsumerOptions): Consumer {
  const known = Array.from(
    { length: partitions },
    (): PartitionProgress => ({
      lagUs: 0,
      backlog: 0,
      isLeased: false,
      measuredMs: Number.NEGATIVE_INFINITY,
    }),
  );
  let droppedEntries = 0;
  let abort: AbortController | undefined;
  let running: Promise<void> | undefined;
  let wasReachable = true;

  function note(of: PartitionProgress, reply: FoldReply): void {
    of.isLeased = reply.held;
    of.backlog = reply.backlog ?? 0;
    of.lagUs = reply.lag_us ?? 0;
    droppedEntries += reply.dropped ?? 0;
  }

  /** Does one step for each partition; true if one of them has more to do. */
  async function round(): Promise<boolean> {
    let hasMore = false;
    for (const [partition, of] of known.entries()) {
      const nowMs = performance.now();
      const isMeasuring = nowMs - of.measuredMs >= MEASURE_MS;
      const reply = await folder.fold(partition, { leaseMs: LEASE_MS, isMeasuring });
      note(of, reply);
      if (isMeasuring && reply.held) of.measuredMs = nowMs;
      if (reply.has_newcomers) onNewcomers(partition);
      hasMore ||= reply.has_more ?? false;
    }
    return hasMore;
  }

  async function tryRound(): Promise<boolean> {
    try {
      const hasMore = await round();
      wasReachable = true;
      return hasMore;
    } catch (error) {
      // It goes on from where the state says; what was done is done.
      if (!(error instanceof StoreUnavailable))
        logger.error({ err: error }, 'statistics could not be folded');
      else if (wasReachable) logger.warn({ cause: String(error.cause) }, 'statistics wait for the store');
      wasReachable = false;
      return false;
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const hasMore = await tryRound();
      // With more to do it goes on at once, and callers of the store are served between two steps.
      if (!hasMore) await pause(IDLE_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  return {
    start() {
      if (running) return;
      abort = new AbortController();
      running = run(abort.signal);
    },
    async stop() {
      abort?.abort();
      await running;
      running = undefined;
    },
    get progress() {
      return {
        lagSeconds: Math.max(...known.map(({ lagUs }) => lagUs)) / 1e6,
        backlogEntries: known.reduce((sum, { backlog }) => sum + backlog, 0),
        droppedEntries,
        leasedPartitions: known.filter(({ isLeased }) => isLeased).length,
      };
    },
  };
}
