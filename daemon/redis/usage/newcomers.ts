import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import type { Database } from '../nodes';

/** The most newcomers moved in one round trip. */
const BATCH_SIZE = 500;

/**
 * Registers the subjects that have connected in the record of calls, so that those without a call count as 0. Database 0
 * holds the newcomers and database 1 the record, and no script can write to both: so the set of newcomers is an outbox. A
 * subject leaves it after its arrival; a repeat changes nothing; after a crash, the rest is moved next time.
 */
export async function registerNewcomers(
  { redis, calls, keys, callsKeys }: { redis: Database; calls: Database; keys: Keys; callsKeys: Keys },
  partition: number,
): Promise<void> {
  const { newcomers } = keys.usage(partition);
  const { bySubject } = callsKeys.calls(partition);
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

/** So that newcomers of many steps of the consumer are moved together; reading the statistics moves them first. */
const PAUSE_MS = 100;

/** Runs a task per partition in the background after a pause, one at a time; requests in the meantime cause one more run. */
export interface Registrations {
  start(partition: number): void;
  /** Ends the pauses and resolves once nothing is running. */
  settle(): Promise<void>;
}

export function createRegistrations(
  register: (partition: number) => Promise<void>,
  logger: Logger,
): Registrations {
  const ending = new AbortController();
  // Each partition may pause at the same time; Node would warn of a leak.
  setMaxListeners(Number.POSITIVE_INFINITY, ending.signal);
  const running = new Map<number, { isAskedAgain: boolean; done: Promise<void> }>();

  async function run(partition: number): Promise<void> {
    await pause(PAUSE_MS, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
    try {
      await register(partition);
    } catch (error) {
      // They stay in the outbox until the next newcomer or the next reading of the statistics moves them.
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
      ending.abort();
      while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}
