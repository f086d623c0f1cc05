import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';

/** Newcomers that one round trip moves. */
const BATCH_SIZE = 500;

/**
 * Makes the record of calls know the subjects that have connected, so that those without a call are counted with
 * none. Database 0 holds who is new and database 1 the record, and no script may write both: so the set of newcomers
 * is an outbox. A subject leaves it after it has arrived; a repeat changes nothing; what a crash leaves is moved next
 * time.
 */
export async function registerNewcomers(
  { redis, calls, keys }: { redis: Redis; calls: Redis; keys: Keys },
  partition: number,
): Promise<void> {
  const { newcomers } = keys.usage(partition);
  const { bySubject } = keys.calls(partition);
  try {
    for (;;) {
      const subjects = await redis.srandmember(newcomers, BATCH_SIZE);
      if (subjects.length === 0) return;
      await calls.zadd(bySubject, 'NX', ...subjects.flatMap((subject) => [0, subject]));
      await redis.srem(newcomers, ...subjects);
    }
  } catch (error) {
    throw translateFailure(error);
  }
}

/** Runs a task for each partition in the background, one at a time each; what is asked for meanwhile runs once more. */
export interface Registrations {
  start(partition: number): void;
  /** Resolves once nothing is running. */
  settle(): Promise<void>;
}

export function createRegistrations(
  register: (partition: number) => Promise<void>,
  logger: Logger,
): Registrations {
  const running = new Map<number, { isAskedAgain: boolean; done: Promise<void> }>();

  async function run(partition: number): Promise<void> {
    try {
      await register(partition);
    } catch (error) {
      // They stay in the outbox; the next newcomer, or the next reading of the statistics, moves them.
      logger.warn({ partition, err: error }, 'newcomers could not be registered yet');
    }
    const isAskedAgain = running.get(partition)?.isAskedAgain;
    running.delete(partition);
    if (isAskedAgain) start(partition);
  }

  function start(partition: number): void {
    const current = running.get(partition);
    if (current) current.isAskedAgain = true;
    else running.set(partition, { isAskedAgain: false, done: Promise.resolve().then(() => run(partition)) });
  }

  return {
    start,
    async settle() {
      while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}
