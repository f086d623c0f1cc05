import type { Logger } from 'pino';
import type { Admission, Decision } from '../../quota/admission';
import { REMEMBERED_DENIAL_MS } from '../../quota/denial_cache';
import { MOST_DENIED } from '../../quota/denied';
import { HOURS_KEPT_MS } from '../../quota/retention';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import type { Database } from '../nodes';
import { pack } from '../packing';
import { type LatestDenials, noteLatest } from './denied';
import { LOG_KEPT_MS } from './retention';

/** How often denials are delivered: a killed daemon loses no more than this interval's. */
const FLUSH_MS = 500;

/** The most denials of one policy and partition that are sampled between two deliveries. */
const SAMPLED = 100;

/** Sampled denials that the store keeps for one policy and partition: about 100 kilobytes. */
const SAMPLE_SIZE = 5000;

/** A delivery after this time may come after an erasure of a subject that it names; an earlier one is found by the erasure. */
const LATE_MS = 1_000;

const US_PER_MS = 1000;

const HOUR_US = 3_600_000_000;

type Denied = readonly [subject: string, cost: number, atUs: number];

/** Denials of one partition that wait for delivery. */
interface Pending {
  /** When the first was noted, by `performance.now()`. */
  readonly sinceMs: number;
  /** By policy and hour. */
  readonly counts: Map<string, { policy: string; atUs: number; count: number }>;
  readonly samples: Map<string, { seen: number; denied: Denied[] }>;
  readonly latest: LatestDenials;
}

/** Counts denials in this process and delivers the counts: a single denial writes nothing to the store. */
export interface Denials {
  record(admission: Admission, decision: Decision): void;
  /** Delivers the counts; if the store does not take them, rejects with `StoreUnavailable` and keeps them. */
  flush(): Promise<void>;
  /** Delivers the rest, if the store takes it. */
  stop(): Promise<void>;
}

export interface DenialsOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly daemonId: string;
  readonly claimOf: (partition: number) => string;
  /** The hash under which an erased subject is remembered. */
  readonly hashOf: (subject: string) => string;
  readonly logger: Logger;
}

export function createDenials(options: DenialsOptions): Denials {
  const { keys, logger } = options;
  let waiting = new Map<number, Pending>();
  /** The last delivery of each partition until the store confirms it; it is resent unchanged. */
  const sent = new Map<number, { sequence: number; pending: Pending }>();
  const sequences = new Map<number, number>();
  let flushing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function deliver(partition: number): Promise<void> {
    const unconfirmed = sent.get(partition);
    if (unconfirmed) {
      await send(options, partition, unconfirmed);
      sent.delete(partition);
    }
    const pending = waiting.get(partition);
    if (pending === undefined) return;
    waiting.delete(partition);
    const sequence = (sequences.get(partition) ?? 0) + 1;
    sequences.set(partition, sequence);
    sent.set(partition, { sequence, pending });
    await send(options, partition, { sequence, pending });
    sent.delete(partition);
  }

  async function deliverAll(): Promise<void> {
    const partitions = new Set([...sent.keys(), ...waiting.keys()]);
    await Promise.all([...partitions].map(deliver));
  }

  async function flush(): Promise<void> {
    // A flush in progress may have begun before the last denial.
    await flushing?.catch(() => undefined);
    flushing ??= deliverAll().finally(() => {
      flushing = undefined;
    });
    await flushing;
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      flush().catch((error: unknown) => {
        logger.debug({ err: error }, 'denials could not be counted yet');
        schedule();
      });
    }, FLUSH_MS).unref();
  }

  return {
    record({ subject, policy, cost }, { decidedUs }) {
      const partition = keys.partitionOf(subject);
      const pending = waiting.get(partition) ?? newPending();
      waiting.set(partition, pending);
      count(pending, policy, decidedUs);
      sample(pending, policy, [subject, cost, decidedUs]);
      noteLatest(pending.latest, policy, { subject, atUs: decidedUs });
      schedule();
    },
    flush,
    async stop() {
      clearTimeout(timer);
      await flush().catch((error: unknown) =>
        logger.warn({ err: error }, 'the last denials were not counted'),
      );
      waiting = new Map();
    },
  };
}

function newPending(): Pending {
  return { sinceMs: performance.now(), counts: new Map(), samples: new Map(), latest: new Map() };
}

function count({ counts }: Pending, policy: string, atUs: number): void {
  const key = `${Math.floor(atUs / HOUR_US)}:${policy}`;
  const known = counts.get(key);
  if (known) known.count += 1;
  else counts.set(key, { policy, atUs, count: 1 });
}

/** Keeps each denial with the same probability. (J. Vitter, "Random sampling with a reservoir", 1985, algorithm R.) */
function sample({ samples }: Pending, policy: string, denied: Denied): void {
  const known = samples.get(policy) ?? { seen: 0, denied: [] };
  samples.set(policy, known);
  known.seen += 1;
  if (known.denied.length < SAMPLED) {
    known.denied.push(denied);
    return;
  }
  const place = Math.floor(Math.random() * known.seen);
  if (place < SAMPLED) known.denied[place] = denied;
}

async function send(
  { redis, keys, daemonId, claimOf, hashOf }: DenialsOptions,
  partition: number,
  { sequence, pending }: { sequence: number; pending: Pending },
): Promise<void> {
  const { counts, samples, latest } = pending;
  const { hours, delivered, denied } = keys.usage(partition);
  const { running, erased } = keys.erasures(partition);
  const policies = [...samples.keys()];
  await callFunction(redis, 'count_denials', {
    keys: [
      ...[keys.control(partition), hours, delivered],
      ...policies.map((policy) => keys.denials(partition, policy)),
      ...policies.map(denied),
      ...[running, erased],
    ],
    args: [
      pack({
        claim: claimOf(partition),
        daemon: daemonId,
        sequence,
        counts: [...counts.values()].map(({ atUs, policy, count }) => [atUs, policy, count]),
        samples: [...samples.values()].map(({ denied }) => denied.toSorted(([, , a], [, , b]) => a - b)),
        latest: policies.map((policy) => [...(latest.get(policy) ?? [])]),
        hashes: performance.now() - pending.sinceMs > LATE_MS ? hashesOf(pending, hashOf) : undefined,
        remembered_us: REMEMBERED_DENIAL_MS * US_PER_MS,
        most_denied: MOST_DENIED,
        sample_size: SAMPLE_SIZE,
        keep_hours_ms: HOURS_KEPT_MS,
        keep_log_ms: LOG_KEPT_MS,
      }),
    ],
  });
}

/** The hash of each subject that is named. */
function hashesOf({ samples, latest }: Pending, hashOf: (subject: string) => string): Map<string, string> {
  const subjects = new Set([
    ...[...samples.values()].flatMap(({ denied }) => denied.map(([subject]) => subject)),
    ...[...latest.values()].flatMap((denied) => [...denied.keys()]),
  ]);
  return new Map([...subjects].map((subject) => [subject, hashOf(subject)]));
}
