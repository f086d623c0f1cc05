import type { EventEmitter } from 'node:events';
import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'pino';
import { parseRedisUrl } from '../../environment/redis/address';
import { openCluster } from './cluster';
import { UnknownServers } from './cluster_slots';
import { joinWrites } from './joined_writes';
import { type Database, isCluster, mastersOf } from './nodes';
import { type ConnectionSecurity, createClient } from './places';
import { watchSilence } from './silence';

/** Each command is answered or abandoned within this time. */
const COMMAND_TIMEOUT_MS = 300;

/** A connection that stays silent for this long with commands waiting is closed and reopened. */
const SILENT_CONNECTION_MS = 1000;

const CONNECT_TIMEOUT_MS = 1000;

/** How long to wait for QUIT; a frozen Redis never answers it. */
const DISCONNECT_TIMEOUT_MS = 300;

const MAX_RECONNECT_DELAY_MS = 500;

/** The shortest time between reconnections to a Redis that stays read-only. */
const READ_ONLY_RECONNECT_MS = 1000;

export interface RedisConnectionOptions {
  readonly url: string;
  readonly name: string;
  /** How long a command may block in Redis before the answer; 0 unless given. */
  readonly waitMs?: number;
  readonly security?: ConnectionSecurity;
  readonly logger: Logger;
}

/** Opens the server, the master behind Sentinels, or the Cluster that the URL names. */
export function openDatabase(options: RedisConnectionOptions): Database {
  const address = parseRedisUrl(options.url);
  if (address?.kind !== 'cluster') return openRedis(options);
  const { name, waitMs = 0, security = {}, logger } = options;
  const reasons = new Map<string, Set<string>>();
  const cluster = openCluster(address, {
    name,
    security,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    disconnectTimeoutMs: DISCONNECT_TIMEOUT_MS,
    reconnectDelayMs,
    onServer(server) {
      limitTime(server, waitMs);
      joinWrites(server);
      const address = `${server.options.host}:${server.options.port}`;
      // The client is made anew with each try to find the Cluster.
      const logged = reasons.get(address) ?? new Set();
      reasons.set(address, logged);
      logConnections(server, { redis: name, server: address }, logger, logged);
    },
  });
  cluster.on('error', (error) => logger.debug({ redis: name, err: error }, 'redis cluster not found'));
  logUnknownServers(cluster, name, logger);
  return cluster;
}

/** Logs once, until a server that is asked knows all masters again. */
function logUnknownServers(cluster: Cluster, name: string, logger: Logger): void {
  let isLogged = false;
  cluster.on('node error', (error: Error, server: string) => {
    if (isLogged || !(error instanceof UnknownServers)) return;
    isLogged = true;
    logger.warn({ redis: name, server, reason: error.message }, 'redis does not know its cluster');
  });
  cluster.on('refresh', () => {
    isLogged = false;
  });
}

/**
 * Opens a connection that fails fast and never runs a command twice or late: a command fails at once while Redis is
 * unreachable, and is not resent when the connection breaks. The caller's retry carries the request id that makes it
 * safe; a queue here would not know whether the caller still waits.
 */
export function openRedis({ url, name, waitMs = 0, security, logger }: RedisConnectionOptions): Redis {
  const redis = createClient(url, security, {
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: createReadOnlyRule(),
    retryStrategy: reconnectDelayMs,
  });
  limitTime(redis, waitMs);
  logConnections(redis, { redis: name }, logger);
  return redis;
}

function reconnectDelayMs(attempt: number): number {
  return Math.min(attempt * 50, MAX_RECONNECT_DELAY_MS);
}

/** Reasons that are logged before the connection is ready again. */
const MOST_REASONS = 8;

/** A connection is tried again twice a second, so each reason is logged once until it is ready. */
function logConnections(
  redis: Redis,
  names: Readonly<Record<string, string>>,
  logger: Logger,
  logged = new Set<string>(),
): void {
  let isReady = false;
  redis.on('error', (error: Error) => {
    logger.debug({ ...names, err: error }, 'redis connection failed');
    const { message: reason } = error;
    if (logged.has(reason) || logged.size >= MOST_REASONS) return;
    logged.add(reason);
    logger.warn({ ...names, reason }, 'redis cannot be reached');
  });
  redis.on('close', () => {
    if (isReady) logger.warn(names, 'redis connection closed');
    isReady = false;
  });
  redis.on('ready', () => {
    isReady = true;
    logged.clear();
    logger.info(names, 'redis connection ready');
  });
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
 * After a failover behind one host name, the old server is a replica and its connection is still open: only a new
 * connection reaches the server that takes writes. The rejected command fails; its caller knows how to retry.
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

/** Resolves once each connection is ready or has failed once, so that the daemon does not start with failing requests. */
export async function firstAttempt(database: Database): Promise<void> {
  await settled(database);
  if (isCluster(database)) await Promise.all(mastersOf(database).map(settled));
}

function settled(database: Database): Promise<void> {
  if (database.status === 'ready') return Promise.resolve();
  // If no Sentinel answers there is no connection that could close.
  const signals = ['ready', 'close', 'error'];
  return new Promise((resolve) => {
    for (const signal of signals) (database as EventEmitter).once(signal, () => resolve());
  });
}
