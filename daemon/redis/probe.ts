import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../quota/errors';
import { type Circuit, CLOSED_CIRCUIT } from './circuit';
import { replyCode, translateFailure } from './failures';

/**
 * How often a database is tried, about: the exact time varies, so that many daemons do not meet the same slow moment. After
 * a failure it is tried sooner: so two in a row open its circuit within a second even if nobody else writes, and the
 * circuit closes soon after the database is back.
 */
const INTERVAL_MS = 150;
const INTERVAL_AFTER_FAILURE_MS = 50;
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
  /** Is closed by a trial that succeeds. */
  readonly circuit?: Circuit;
  readonly intervalMs?: number;
}

/**
 * Writes to a database again and again: a replica and a full Redis answer PING, and refuse all that is written. A
 * refusal counts at once, silence only if it lasts.
 */
export function createProbe(options: ProbeOptions): Probe {
  const { redis, name, prefix, logger, circuit = CLOSED_CIRCUIT, intervalMs = INTERVAL_MS } = options;
  const key = `${prefix}probe:{0}`;
  const stopping = new AbortController();
  let isUsable = false;
  let silences = 0;
  let pauseMs = intervalMs;

  function turn(usable: boolean, reason?: string): void {
    if (usable === isUsable) return;
    isUsable = usable;
    if (usable) logger.info({ redis: name }, 'redis takes writes');
    else logger.warn({ redis: name, reason }, 'redis takes no writes');
  }

  function write(): Promise<unknown> {
    return redis.set(key, 1, 'PX', KEY_LIFETIME_MS).catch((error: unknown) => {
      throw translateFailure(error);
    });
  }

  async function tryToWrite(): Promise<void> {
    try {
      await circuit.probe(write);
      silences = 0;
      pauseMs = intervalMs;
      turn(true);
    } catch (failure) {
      const error = failure instanceof StoreUnavailable ? failure.cause : failure;
      logger.debug({ redis: name, reason: String(error) }, 'probe failed');
      silences += 1;
      pauseMs = Math.min(intervalMs, INTERVAL_AFTER_FAILURE_MS);
      if (isRefusal(error) || silences > TOLERATED_SILENCES) turn(false, String(error));
    }
  }

  async function goOn(): Promise<void> {
    while (!stopping.signal.aborted) {
      const delayMs = pauseMs * (1 + JITTER * (2 * Math.random() - 1));
      await pause(delayMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
      if (!stopping.signal.aborted) await tryToWrite();
    }
  }

  return {
    isUsable: () => isUsable && !circuit.isOpen(),
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
