import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Policy } from '../../quota/policies';
import { retainMs } from '../../quota/policy_bounds';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import { pack, unpack } from '../packing';
import type { Conversion } from './encoder';

const US_PER_MS = 1000;

/** Well within the ten minutes after which the functions forget a daemon: see `scripts/lib/control.lua`. */
const REPEAT_MS = 60_000;

/** Keeps announcing this daemon's policies to the store. */
export interface Announcer {
  /** Announces now: the store was opened, or the policies have changed. Never throws: it is repeated anyway. */
  announce(): Promise<void>;
  stop(): void;
}

export interface AnnouncerOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly partitions: number;
  /** The policies in force. */
  readonly policies: () => Iterable<Policy>;
  /** Receives the limits whose algorithm has changed lately. */
  readonly onConversions: (conversions: readonly Conversion[]) => void;
  readonly logger: Logger;
}

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { policies, onConversions, logger } = options;

  async function announce(isNew: boolean): Promise<void> {
    try {
      onConversions(await announcePolicies(options, { policies: [...policies()], isNew }));
    } catch (error) {
      logger.debug({ err: error }, 'the policies could not be announced yet');
    }
  }

  const timer = setInterval(() => void announce(false), REPEAT_MS).unref();
  return { announce: () => announce(true), stop: () => clearInterval(timer) };
}

/**
 * Announces policies to each partition: how long their takings are needed, so that no daemon with a shorter window
 * removes what this one counts, and their limits' algorithms and windows. Returns the limits whose algorithm has changed lately.
 */
export async function announcePolicies(
  { redis, keys, partitions }: { redis: Redis; keys: Keys; partitions: number },
  { policies, isNew }: { policies: readonly Policy[]; isNew: boolean },
): Promise<Conversion[]> {
  const announced = pack(
    policies.map((policy) => [
      policy.name,
      retainMs(policy) * US_PER_MS,
      policy.limits.flatMap(({ name, algorithm, windowMs }) => [name, algorithm, windowMs * US_PER_MS]),
    ]),
  );
  const latest = new Map<string, Conversion>();
  for (let partition = 0; partition < partitions; partition += 1) {
    const call = { keys: [keys.control(partition)], args: [announced, Number(isNew)] };
    const values = unpack((await callFunction(redis, 'announce', call)) as Buffer) as (string | number)[];
    for (let at = 0; at < values.length; at += 3) {
      const [policy, limit, convertedUs] = values.slice(at, at + 3) as [string, string, number];
      const known = latest.get(`${policy}:${limit}`)?.convertedUs ?? 0;
      // Each partition has its own clock; the latest moment is the cautious one.
      latest.set(`${policy}:${limit}`, { policy, limit, convertedUs: Math.max(known, convertedUs) });
    }
  }
  return [...latest.values()];
}
