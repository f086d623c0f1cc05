import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Admission, Decision } from '../../quota/admission';
import { HOURS_KEPT_MS } from '../../quota/retention';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import { pack } from '../packing';
import { LOG_KEPT_MS } from './retention';

/** Denials are delivered this often: a daemon that is killed loses no more than these. */
const FLUSH_MS = 500;

/** Denials of one policy and partition that are sampled between two deliveries. */
const SAMPLED = 100;

/** Sampled denials that the store keeps of one policy and partition: some 100 kilobytes. */
const SAMPLE_SIZE = 5000;

const HOUR_US = 3_600_000_000;

type Denied = readonly [subject: string, cost: number, atUs: number];

/** Denials of one partition that wait for their delivery. */
interface Pending {
  /** By policy and hour. */
  readonly counts: Map<string, { policy: string; atUs: number; count: number }>;
  readonly samples: Map<string, { seen: number; denied: Denied[] }>;
}

/** Counts denials here, and delivers the counts: a denial by itself writes nothing to the store. */
export interface Denials {
  record(admission: Admission, decision: Decision): void;
  /** Delivers what has been counted; rejects with `StoreUnavailable` if the store did not take it, and keeps it. */
  flush(): Promise<void>;
  /** Delivers what is left, if the store takes it. */
  stop(): Promise<void>;
}

export interface DenialsOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly daemonId: string;
  readonly claimOf: (partition: number) => string;
  readonly logger: Logger;
}

export function createDenials(options: DenialsOptions): Denials {
  const { keys, logger } = options;
  let waiting = new Map<number, Pending>();
  /** What was sent last for each partition, until the store has confirmed it: it is sent again unchanged. */
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
    // One that is under way may have begun before the last denial.
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
      const pending = waiting.get(partition) ?? { counts: new Map(), samples: new Map() };
      waiting.set(partition, pending);
      count(pending, policy, decidedUs);
      sample(pending, policy, [subject, cost, decidedUs]);
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

function count({ counts }: Pending, policy: string, atUs: number): void {
  const key = `${Math.floor(atUs / HOUR_US)}:${policy}`;
  const known = counts.get(key);
  if (known) known.count += 1;
  else counts.set(key, { policy, atUs, count: 1 });
}

/** Keeps each denial with the same chance. (J. Vitter, "Random sampling with a reservoir", 1985, algorithm R.) */
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
  { redis, keys, daemonId, claimOf }: DenialsOptions,
  partition: number,
  { sequence, pending: { counts, samples } }: { sequence: number; pending: Pending },
): Promise<void> {
  const { hours, delivered } = keys.usage(partition);
  const policies = [...samples.keys()];
  await callFunction(redis, 'count_denials', {
    keys: [
      ...[keys.control(partition), hours, delivered],
      ...policies.map((policy) => keys.denials(partition, policy)),
    ],
    args: [
      pack({
        claim: claimOf(partition),
        daemon: daemonId,
        sequence,
        counts: [...counts.values()].map(({ atUs, policy, count }) => [atUs, policy, count]),
        samples: [...samples.values()].map(({ denied }) => denied.toSorted(([, , a], [, , b]) => a - b)),
        sample_size: SAMPLE_SIZE,
        keep_hours_ms: HOURS_KEPT_MS,
        keep_log_ms: LOG_KEPT_MS,
      }),
    ],
  });
}
