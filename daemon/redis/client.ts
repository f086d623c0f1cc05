import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { watchSilence } from './silence';

/** Every command is answered, or given up, within this time. */
const COMMAND_TIMEOUT_MS = 300;

/** A connection that has been silent for this long with commands waiting is closed, and made anew. */
const SILENT_CONNECTION_MS = 1000;

const CONNECT_TIMEOUT_MS = 1000;

/** How long a goodbye may take: a Redis that is silent answers none, and a stop should not wait for it. */
const DISCONNECT_TIMEOUT_MS = 300;

const MAX_RECONNECT_DELAY_MS = 500;

/** A Redis that stays read-only is not connected to anew more often than this. */
const READ_ONLY_RECONNECT_MS = 1000;

export interface RedisConnectionOptions {
  readonly url: string;
  readonly name: string;
  /** How long a command may make Redis wait before it answers; not at all unless given. */
  readonly waitMs?: number;
  readonly logger: Logger;
}

/**
 * Opens a connection that fails fast and never runs a command twice or late: a command is refused at once while
 * Redis is out of reach, and is not sent again when the connection breaks. The caller's retry carries the request id
 * that makes it safe; a queue of ours would not know whether the caller still waits.
 */
export function openRedis({ url, name, waitMs = 0, logger }: RedisConnectionOptions): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: createReadOnlyRule(),
    retryStrategy: (attempt) => Math.min(attempt * 50, MAX_RECONNECT_DELAY_MS),
  });
  limitTime(redis, waitMs);
  redis.on('error', (error) => logger.debug({ redis: name, err: error }, 'redis connection failed'));
  redis.on('close', () => logger.warn({ redis: name }, 'redis connection closed'));
  redis.on('ready', () => logger.info({ redis: name }, 'redis connection ready'));
  return redis;
}

/** The library's own time limits (`commandTimeout`, `socketTimeout`) blame Redis for each pause of this process. */
function limitTime(redis: Redis, waitMs: number): void {
  const silence = watchSilence({
    answerMs: COMMAND_TIMEOUT_MS + waitMs,
    connectionMs: SILENT_CONNECTION_MS + waitMs,
    bytesRead: () => ('bytesRead' in redis.stream ? Number(redis.stream.bytesRead) : 0),
    closeConnection: () => redis.stream.destroy(new Error(`silent for ${SILENT_CONNECTION_MS + waitMs} ms`)),
  });
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    const answer = send(command, stream);
    silence.expectAnswer(command);
    return answer;
  };
}

/**
 * After a failover behind one name the old server is a replica, and the connection to it still open: only a new one
 * reaches the server that takes writes. The command that was refused fails; its caller knows how to retry.
 */
function createReadOnlyRule(): (error: Error) => boolean {
  let lastMs = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    const nowMs = performance.now();
    if (!/\bREADONLY\b/.test(message) || nowMs - lastMs < READ_ONLY_RECONNECT_MS) return false;
    lastMs = nowMs;
    return true;
  };
}

/** Resolves once the connection was ready or has failed for the first time, so that a start does not begin with refusals. */
export function firstAttempt(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => {
    redis.once('ready', () => resolve());
    redis.once('close', () => resolve());
  });
}
