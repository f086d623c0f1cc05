import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../quota/errors';
import { type Circuit, CLOSED_CIRCUIT } from './circuit';
import { replyCode, translateFailure } from './failures';
import type { Database } from './nodes';

/**
 * About how often a database is probed: the exact time varies, so that many daemons do not hit the same slow moment.
 * After a failure the next probe comes sooner: two failures in a row open the circuit within a second even if nobody else
 * writes, and the circuit closes soon after the database is back. The pause doubles with each further failure, up to the
 * longest one that was asked for.
 */
export const PROBE_INTERVAL_MS = 150;
const FIRST_RETRY_MS = 50;
const JITTER = 0.2;

/** A database is unusable after this many probes in a row without an answer. One slow moment of Redis is no outage. */
const TOLERATED_SILENCES = 2;

/** Long enough for a probe's key to outlive a few probes. */
const KEY_LIFETIME_MS = 60_000;

/** Whether a database took the last probe's write. */
export interface Probe {
  /** False until the first probe succeeds. */
  isUsable(): boolean;
  /** Starts; resolves after the first probe. */
  start(): Promise<void>;
  stop(): void;
}

export interface ProbeOptions {
  readonly redis: Database;
  /** What the log calls the database. */
  readonly name: string;
  /** What is written. */
  readonly key: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'debug'>;
  /** Closed by a successful probe. */
  readonly circuit?: Circuit;
  readonly intervalMs?: number;
  /** The longest pause between two probes while they fail. */
  readonly longestRetryMs?: number;
  /** Makes the pause after a probe that succeeded; each probe pauses by itself unless given. */
  readonly pauseTogether?: (delayMs: number) => Promise<void>;
}

/**
 * Writes to a database regularly: a replica and a full Redis answer PING but refuse writes. A refusal counts at once,
 * silence only if it lasts.
 */
export function createProbe(options: ProbeOptions): Probe {
  const { redis, name, key, logger, circuit = CLOSED_CIRCUIT } = options;
  const { intervalMs = PROBE_INTERVAL_MS, longestRetryMs = FIRST_RETRY_MS, pauseTogether } = options;
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
      pauseMs = Math.min(intervalMs, longestRetryMs, FIRST_RETRY_MS * 2 ** silences);
      silences += 1;
      if (isRefusal(error) || silences > TOLERATED_SILENCES) turn(false, String(error));
    }
  }

  async function goOn(): Promise<void> {
    while (!stopping.signal.aborted) {
      const delayMs = pauseMs * (1 + JITTER * (2 * Math.random() - 1));
      if (silences === 0 && pauseTogether !== undefined) await pauseTogether(delayMs);
      else await pause(delayMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
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

/** Redis has replied that it takes no writes. A "busy" reply counts like silence. */
function isRefusal(error: unknown): boolean {
  const code = replyCode(error);
  return code !== undefined && code !== 'BUSY';
}
