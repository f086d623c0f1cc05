import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Policy } from '../../quota/policies';
import { retainMs } from '../../quota/policy_bounds';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import { pack } from '../packing';

const US_PER_MS = 1000;

/** Well within the ten minutes after which the functions forget a daemon: see `scripts/lib/control.lua`. */
const REPEAT_MS = 60_000;

/** Keeps announcing how long this daemon needs each policy's takings. */
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
  readonly logger: Logger;
}

export function createAnnouncer({ policies, logger, ...database }: AnnouncerOptions): Announcer {
  async function announce(): Promise<void> {
    try {
      await announceRetention(database, policies());
    } catch (error) {
      logger.debug({ err: error }, 'the policies could not be announced yet');
    }
  }
  const timer = setInterval(() => void announce(), REPEAT_MS).unref();
  return { announce, stop: () => clearInterval(timer) };
}

/** Announces to each partition, so that no daemon with a shorter window removes what this one still counts. */
export async function announceRetention(
  { redis, keys, partitions }: { redis: Redis; keys: Keys; partitions: number },
  policies: Iterable<Policy>,
): Promise<void> {
  const announced = pack([...policies].map((policy) => [policy.name, retainMs(policy) * US_PER_MS]));
  for (let partition = 0; partition < partitions; partition += 1) {
    await callFunction(redis, 'announce', { keys: [keys.control(partition)], args: [announced] });
  }
}
