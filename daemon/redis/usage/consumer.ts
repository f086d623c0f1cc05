import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../../quota/errors';
import type { Folder, FoldReply } from './fold';

/**
 * Another daemon takes over the folding once the one with the lease has been silent for this long. With more than
 * `PARTITIONS_PER_IDLE` partitions the lease is longer, as each is checked less often.
 */
const LEASE_MS = 1000;

/** How often a daemon looks for work or for an expired lease: with `LEASE_MS`, it takes over within two seconds. */
const IDLE_MS = 250;

/**
 * How many partitions are checked within that time; if there are more, each is checked less often, so that checks cost
 * Redis the same. With 300, a lease lasts for 5.4 seconds, and another daemon takes over within eleven.
 */
const PARTITIONS_PER_IDLE = 16;

/**
 * So many partitions that had nothing to fold are checked together: what they send to a server goes out in one write, and it
 * answers callers between two groups. A partition that had something to fold is folded alone.
 */
const IDLE_TOGETHER = 16;

/** How often the sizes of the logs are measured. */
const MEASURE_MS = 1000;

/** The progress of folding, for the metrics. */
export interface FoldProgress {
  /** The age of the oldest entry that may not be folded yet, in seconds; 0 if all are. */
  readonly lagSeconds: number;
  /** Entries that are not folded yet. */
  readonly backlogEntries: number;
  /** Entries that this daemon has dropped from logs that were too large. */
  readonly droppedEntries: number;
  /** How many partitions this daemon holds the lease of. */
  readonly leasedPartitions: number;
}

/** Folds the logs of all partitions into the statistics, as long as this daemon holds their leases. */
export interface Consumer {
  start(): void;
  /** Stops after the current step. */
  stop(): Promise<void>;
  readonly progress: FoldProgress;
}

export interface ConsumerOptions {
  readonly folder: Folder;
  readonly partitions: number;
  /** Whether a partition is used: not while its writes fail. */
  readonly isAsked?: (partition: number) => boolean;
  readonly logger: Logger;
  /** Called if a partition has subjects that the record of calls may not know. */
  readonly onNewcomers: (partition: number) => void;
  readonly clock?: Clock;
}

interface Clock {
  nowMs(): number;
  /** Ends early if aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const REAL_CLOCK: Clock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => pause(ms, undefined, { signal, ref: false }).catch(() => undefined),
};

interface PartitionProgress {
  lagUs: number;
  backlog: number;
  isLeased: boolean;
  measuredMs: number;
  /** Whether the last step found nothing to do. */
  wasIdle: boolean;
  /** Whether there is more to do; otherwise it is checked again at `nextMs`. */
  hasMore: boolean;
  nextMs: number;
  hasFailed: boolean;
}

export function createConsumer(options: ConsumerOptions): Consumer {
  const { folder, partitions, isAsked = () => true, logger, onNewcomers, clock = REAL_CLOCK } = options;
  // Whole, as Redis accepts no other lease.
  const idleMs = Math.ceil(IDLE_MS * Math.max(1, partitions / PARTITIONS_PER_IDLE));
  const leaseMs = LEASE_MS - IDLE_MS + idleMs;
  const known = Array.from(
    { length: partitions },
    (): PartitionProgress => ({
      lagUs: 0,
      backlog: 0,
      isLeased: false,
      measuredMs: Number.NEGATIVE_INFINITY,
      wasIdle: false,
      hasMore: false,
      nextMs: Number.NEGATIVE_INFINITY,
      hasFailed: false,
    }),
  );
  let droppedEntries = 0;
  let abort: AbortController | undefined;
  let running: Promise<void> | undefined;
  let failingSinceMs: number | undefined;

  function note(of: PartitionProgress, reply: FoldReply): void {
    of.isLeased = reply.held;
    of.backlog = reply.backlog ?? 0;
    of.lagUs = reply.lag_us ?? 0;
    droppedEntries += reply.dropped ?? 0;
  }

  /** Does one step for a partition. */
  async function step(partition: number, of: PartitionProgress): Promise<void> {
    const nowMs = clock.nowMs();
    of.hasMore = false;
    of.wasIdle = false;
    of.nextMs = nowMs + idleMs - IDLE_MS / 2;
    const isMeasuring = nowMs - of.measuredMs >= MEASURE_MS;
    const reply = await folder.fold(partition, { leaseMs, isMeasuring });
    note(of, reply);
    if (isMeasuring && reply.held) of.measuredMs = nowMs;
    if (reply.has_newcomers) onNewcomers(partition);
    of.hasMore = reply.has_more ?? false;
    of.wasIdle = !of.hasMore && (reply.folded ?? 0) === 0;
  }

  /** Does one step for each partition that has or may have work; true if one of them has more to do. */
  async function round(): Promise<boolean> {
    const failures: unknown[] = [];
    const due = [...known.entries()].filter(([, of]) => of.hasMore || clock.nowMs() >= of.nextMs);
    for (const group of groupsOf(due)) {
      const steps = group.map(async ([partition, of]) => {
        if (!isAsked(partition)) return;
        of.hasFailed = false;
        await step(partition, of).catch((error: unknown) => {
          // Another partition may have another master that answers.
          of.hasFailed = true;
          failures.push(error);
        });
      });
      await Promise.all(steps);
    }
    const [failure] = failures;
    if (failure !== undefined) report(failure);
    if (known.every(({ hasFailed }) => !hasFailed)) failingSinceMs = undefined;
    return failure === undefined && known.some(({ hasMore }) => hasMore);
  }

  /** Folding continues from the stored state; nothing is lost or repeated. */
  function report(failure: unknown): void {
    if (failure instanceof StoreUnavailable) {
      if (failingSinceMs === undefined)
        logger.warn({ cause: String(failure.cause) }, 'statistics wait for the store');
    } else {
      logger.error({ err: failure }, 'statistics could not be folded');
    }
    failingSinceMs ??= clock.nowMs();
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const hasMore = await round();
      // If there is more to do, it continues at once; the store serves callers between two steps.
      if (!hasMore) await clock.sleep(IDLE_MS, signal);
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
      // The log is unknown meanwhile, and its oldest entry keeps ageing.
      const failingMs = failingSinceMs === undefined ? 0 : clock.nowMs() - failingSinceMs;
      return {
        lagSeconds: Math.max(...known.map(({ lagUs }) => lagUs)) / 1e6 + failingMs / 1000,
        backlogEntries: known.reduce((sum, { backlog }) => sum + backlog, 0),
        droppedEntries,
        leasedPartitions: known.filter(({ isLeased }) => isLeased).length,
      };
    },
  };
}

type Partition = readonly [partition: number, progress: PartitionProgress];

/** Partitions whose steps are sent at once: those that were idle in groups, each other one alone. */
function groupsOf(due: readonly Partition[]): Partition[][] {
  const idle = due.filter(([, { wasIdle }]) => wasIdle);
  const busy = due.filter(([, { wasIdle }]) => !wasIdle);
  const groups = busy.map((each) => [each]);
  for (let at = 0; at < idle.length; at += IDLE_TOGETHER) groups.push(idle.slice(at, at + IDLE_TOGETHER));
  return groups;
}
