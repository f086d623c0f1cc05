import type { Logger } from 'pino';
import type { ErasedSubjects } from '../../quota/erasing';
import { StoreUnavailable } from '../../quota/errors';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import type { Database } from '../nodes';
import { unpack } from '../packing';
import { pairs } from '../pairs';
import { createAnnouncements } from './announcements';
import { createKnownErasures } from './known_erasures';
import type { RunningErasure } from './record';

/** How often a daemon looks who is being erased. An erasure runs for two seconds at least, so none is missed. */
const LOOK_MS = 500;

/** After this long without a look, an erasure may have begun and ended unseen. */
const UNSEEN_MS = 1_800;

/** An announced erasure begins within this time or never: each of its few calls is given up after 300 milliseconds. */
const ACTIVE_MS = 10_000;

/** Each partition is looked at once in this time without an announcement, which a failover may have lost. */
const SWEEP_MS = 120_000;

/** Members scanned in one round trip. */
const SCANNED = 500;

export interface ErasureWatchOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly partitions: number;
  readonly isOpen: () => boolean;
  /** Called with those whose erasures are running, again and again, and with those whose erasures it has missed. */
  readonly onErased: (erased: ErasedSubjects) => void;
  readonly logger: Logger;
}

/** Learns who is erased by any daemon, so that this one drops what it holds of them. */
export interface ErasureWatch {
  start(): void;
  /** Looks at a partition from now on, as an erasure has begun there. */
  attend(partition: number): void;
  /** The partitions in which erasures may be running. */
  attended(): readonly number[];
  stop(): Promise<void>;
}

/** A partition in which erasures may be running. */
interface Attended {
  /** When it was last known who is erased there; undefined if never. */
  seenMs: number | undefined;
  /** Until when nothing must be running before it is left alone. */
  untilMs: number;
}

/** See docs/decisions/0050: only partitions with announced erasures are asked, and the others once in a while. */
export function createErasureWatch(options: ErasureWatchOptions): ErasureWatch {
  const { partitions, isOpen, onErased, logger } = options;
  const announcements = createAnnouncements(options);
  const attended = new Map<number, Attended>();
  const known = createKnownErasures();
  const sweep = createSweep(partitions);
  /** When the announcements were last read: until then, nothing was running in any other partition. */
  let readMs: number | undefined;
  let startedMs = Number.NaN;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  /** The start, if nothing could be read for so long that something may be held of those erased since; otherwise undefined. */
  function lateStartMs(): number | undefined {
    return performance.now() - startedMs > UNSEEN_MS ? startedMs : undefined;
  }

  /** Looks at a partition again and again for a time, and in any case until a look succeeds. */
  function attend(partition: number, forMs = ACTIVE_MS): void {
    const at = attended.get(partition) ?? {
      seenMs: readMs ?? lateStartMs(),
      untilMs: Number.NEGATIVE_INFINITY,
    };
    at.untilMs = Math.max(at.untilMs, performance.now() + forMs);
    attended.set(partition, at);
  }

  async function readAnnouncements(): Promise<void> {
    const nowMs = performance.now();
    const isCurrent = readMs !== undefined && nowMs - readMs <= UNSEEN_MS;
    const fresh = await announcements.readNew();
    if (!isCurrent) for (let partition = 0; partition < partitions; partition += 1) attend(partition, 0);
    for (const partition of fresh) attend(partition);
    readMs = nowMs;
  }

  /** Whether an erasure is running in a partition; reports those that are, and those that were missed. */
  async function lookAt(
    partition: number,
    { seenMs, mayMiss }: { seenMs: number | undefined; mayMiss: boolean },
  ): Promise<boolean> {
    const running = await readRunning(options, partition);
    for (const { subject_hash, begun_us } of running) known.add(subject_hash, begun_us);
    const hashed = new Map<string, number>();
    for (const [hash, begunUs] of mayMiss ? await readErased(options, partition) : []) {
      // At the first look, soon after the start, nothing is held yet.
      if (seenMs !== undefined && !known.has(hash, begunUs)) hashed.set(hash, begunUs);
      known.add(hash, begunUs);
    }
    const named = new Map(running.map(({ subject, begun_us }) => [subject, begun_us]));
    if (named.size > 0 || hashed.size > 0) onErased({ named, hashed });
    return running.length > 0;
  }

  async function attendTo(partition: number, at: Attended): Promise<void> {
    const { seenMs } = at;
    const nowMs = performance.now();
    try {
      const mayMiss = seenMs === undefined || nowMs - seenMs > UNSEEN_MS;
      const isRunning = await lookAt(partition, { seenMs, mayMiss });
      at.seenMs = nowMs;
      if (isRunning) attend(partition);
      else if (nowMs >= at.untilMs) attended.delete(partition);
    } catch (error) {
      // A server that was frozen may begin late what it had received before.
      attend(partition);
      throw error;
    }
  }

  async function sweepOver(partition: number): Promise<void> {
    // Until then all partitions are waiting to be attended to.
    if (readMs === undefined) return;
    if (!attended.has(partition) && (await lookAt(partition, { seenMs: readMs, mayMiss: true })))
      attend(partition);
  }

  async function look(): Promise<void> {
    if (!isOpen()) return;
    const read = await Promise.allSettled([readAnnouncements()]);
    const looks = await Promise.allSettled([
      ...[...attended].map(([partition, at]) => attendTo(partition, at)),
      ...sweep.next().map(sweepOver),
    ]);
    for (const result of [...read, ...looks])
      if (result.status === 'rejected' && !(result.reason instanceof StoreUnavailable))
        logger.error({ err: result.reason }, 'who was erased is not known');
  }

  return {
    start() {
      startedMs = performance.now();
      timer ??= setInterval(() => {
        looking ??= look().finally(() => {
          looking = undefined;
        });
      }, LOOK_MS).unref();
    },
    attend: (partition) => attend(partition),
    attended: () => [...attended.keys()],
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Spreads the looks at all partitions evenly over the time of a sweep. */
function createSweep(partitions: number): { next(): readonly number[] } {
  let next = 0;
  let due = 0;
  return {
    next() {
      due += (partitions * LOOK_MS) / SWEEP_MS;
      const swept: number[] = [];
      for (; due >= 1; due -= 1) {
        swept.push(next);
        next = (next + 1) % partitions;
      }
      return swept;
    },
  };
}

async function readRunning(
  { redis, keys }: ErasureWatchOptions,
  partition: number,
): Promise<RunningErasure[]> {
  const records = await redis.hvalsBuffer(keys.erasures(partition).running).catch(fail);
  return records.map((record) => unpack(record) as RunningErasure);
}

async function readErased(
  { redis, keys }: ErasureWatchOptions,
  partition: number,
): Promise<Map<string, number>> {
  const erased = new Map<string, number>();
  let cursor = '0';
  do {
    const [next, flat] = await redis
      .zscan(keys.erasures(partition).erased, cursor, 'COUNT', SCANNED)
      .catch(fail);
    for (const [hash, begunUs] of pairs(flat)) erased.set(hash, Number(begunUs));
    cursor = next;
  } while (cursor !== '0');
  return erased;
}

function fail(error: unknown): never {
  throw translateFailure(error);
}
