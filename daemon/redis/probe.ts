import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { replyCode } from './failures';

/** How often a database is tried, about: the exact time varies, so that many daemons do not meet the same slow moment. */
const INTERVAL_MS = 500;
const JITTER = 0.2;

/** So many trials in a row without an answer make a database unusable. One slow moment of Redis is no outage. */
const TOLERATED_SILENCES = 2;

/** A probe's key outlives a few trials, and nothing else. */
const KEY_LIFETIME_MS = 60_000;

/** Whether a database takes what is written, as it was last tried. */
export interface Probe {
  /** False until the first trial succeeds. */
  isUsable(): boolean;
  /** Begins; resolves after the first trial. */
  start(): Promise<void>;
  stop(): void;
}

export interface ProbeOptions {
  readonly redis: Redis;
  /** What the log calls the database. */
  readonly name: string;
  /** Goes before the key. */
  readonly prefix: string;
  readonly logger: Logger;
  readonly intervalMs?: number;
}

/**
 * Writes to a database again and again: a replica and a full Redis answer PING, and refuse all that is written. A
 * refusal counts at once, silence only if it lasts.
 */
export function createProbe(options: ProbeOptions): Probe {
  const { redis, name, prefix, logger, intervalMs = INTERVAL_MS } = options;
  const key = `${prefix}probe:{0}`;
  const stopping = new AbortController();
  let isUsable = false;
  let silences = 0;

  function turn(usable: boolean, reason?: string): void {
    if (usable === isUsable) return;
    isUsable = usable;
    if (usable) logger.info({ redis: name }, 'redis takes writes');
    else logger.warn({ redis: name, reason }, 'redis takes no writes');
  }

  async function tryToWrite(): Promise<void> {
    try {
      await redis.set(key, 1, 'PX', KEY_LIFETIME_MS);
      silences = 0;
      turn(true);
    } catch (error) {
      logger.debug({ redis: name, reason: String(error) }, 'probe failed');
      silences += 1;
      if (isRefusal(error) || silences > TOLERATED_SILENCES) turn(false, String(error));
    }
  }

  async function goOn(): Promise<void> {
    while (!stopping.signal.aborted) {
      const delayMs = intervalMs * (1 + JITTER * (2 * Math.random() - 1));
      await pause(delayMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) await tryToWrite();
    }
  }

  return {
    isUsable: () => isUsable,
    async start() {
      await tryToWrite();
      void goOn();
    },
    stop: () => stopping.abort(),
  };
}

/** Redis has said that it takes no writes. Only that it is busy says no more than silence does. */
function isRefusal(error: unknown): boolean {
  const code = replyCode(error);
  return code !== undefined && code !== 'BUSY';
}
