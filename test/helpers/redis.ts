import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { type Database, isCluster, mastersOf } from '../../daemon/redis/nodes';
import { createClient } from '../../daemon/redis/places';
import { parseRedisUrl, withDatabase } from '../../environment/redis/address';
import { provided } from './environment';
import { LOOPBACK, type Machine } from './machine';
import { freePort } from './ports';
import { PLAIN, type ServerSecurity } from './redis_security';

/** A part of the shared store that is one test's own: everything under its key prefix. */
export interface RedisSpace {
  /** Of one server, of Sentinels or of a Cluster. */
  readonly url: string;
  readonly prefix: string;
  /** Database 0, with the admissions. */
  readonly admissions: Database;
  /** Database 1, with the calls; a Cluster has database 0 alone. */
  readonly calls: Database;
  /** The keys of the admissions that match, on every server. The prefix goes before the pattern. */
  keys(pattern: string): Promise<string[]>;
  /** Removes what the test has written so far. */
  clear(): Promise<void>;
  /** Removes what the test left, and closes the connections. */
  close(): Promise<void>;
}

export function openRedisSpace(url: string = provided('TEST_REDIS_URL')): RedisSpace {
  const prefix = `test-${randomUUID()}:`;
  const { admissions, calls } = openDatabases(url);
  const databases = new Set([admissions, calls]);
  // A test may open many stores on one connection, and each watches it.
  for (const database of databases) database.setMaxListeners(0);

  async function clear(): Promise<void> {
    for (const database of databases) await removeKeys(database, prefix);
  }

  return {
    url,
    prefix,
    admissions,
    calls,
    keys: async (pattern) => (await keysOf(admissions, `${prefix}${pattern}`)).flatMap(({ keys }) => keys),
    clear,
    async close() {
      await clear();
      for (const database of databases) database.disconnect();
    },
  };
}

/** The databases of a store; a Cluster has one for both. */
export function openDatabases(url: string): Readonly<Record<'admissions' | 'calls', Database>> {
  const admissions = openDatabase(url);
  return { admissions, calls: isCluster(admissions) ? admissions : openDatabase(withDatabase(url, 1)) };
}

/** A connection that waits for its servers, unlike the daemon's own. */
export function openDatabase(url: string): Database {
  const address = parseRedisUrl(url);
  if (address?.kind !== 'cluster') return createClient(url);
  const { hosts, username, password } = address;
  return new Cluster([...hosts], { redisOptions: { username, password } });
}

/** What each server that takes writes replies. */
export async function onMasters<Reply>(
  database: Database,
  ask: (master: Redis) => Promise<Reply>,
): Promise<Reply[]> {
  // The masters of a Cluster are known once it has answered.
  await database.ping();
  return Promise.all(mastersOf(database).map(ask));
}

/** The keys that match, by the server that holds them. */
function keysOf(database: Database, pattern: string): Promise<{ server: Redis; keys: string[] }[]> {
  return onMasters(database, async (server) => ({ server, keys: await server.keys(pattern) }));
}

async function removeKeys(database: Database, prefix: string): Promise<void> {
  for (const { server, keys } of await keysOf(database, `${prefix}*`)) {
    // One by one: a command may not name keys of several slots.
    const removal = server.pipeline();
    for (const key of keys) removal.del(key);
    for (const [error] of (await removal.exec()) ?? []) if (error) throw error;
  }
}

/** A Redis server that a test may kill, stop and start as it likes; what it holds survives on disk. */
export interface OwnRedis {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Ends the process as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Leaves the connections open, and answers nothing. */
  freeze(): void;
  thaw(): void;
  /** Ends the server and removes its data. */
  close(): Promise<void>;
}

/** The environment of each server, beyond that of the tests. */
export type ServerEnvs = readonly Readonly<Record<string, string>>[];

export interface OwnRedisOptions {
  /** Of redis.conf, beyond what every test needs; several values of one setting in order. */
  readonly config?: Readonly<Record<string, string | readonly string[]>>;
  readonly env?: ServerEnvs[number] | undefined;
  /** None unless given. */
  readonly security?: ServerSecurity;
  /** Where it runs; on this machine's loopback unless given. */
  readonly machine?: Machine | undefined;
}

export async function startOwnRedis({
  config,
  env,
  security = PLAIN,
  machine = LOOPBACK,
}: OwnRedisOptions = {}): Promise<OwnRedis> {
  const { address: host } = machine;
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'quota-redis-'));
  const options: Readonly<Record<string, string | number | readonly string[]>> = {
    ...(security.isEncrypted ? { port: 0, 'tls-port': port } : { port }),
    bind: host,
    // No other machine reaches a loopback or a network of the test's own.
    'protected-mode': 'no',
    dir: directory,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    ...security.config,
    ...config,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [
    `--${name}`,
    ...[value].flat().map(String),
  ]);
  let server: ChildProcess;

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  }

  async function start(): Promise<void> {
    const [program = '', ...all] = [...machine.command, provided('REDIS_SERVER_PATH'), ...args];
    server = spawn(program, all, {
      stdio: 'ignore',
      env: { ...process.env, ...env },
    });
    const password = options.requirepass?.toString();
    await answering({ connection: { host, port, password, ...security.client }, server });
  }

  await start();
  return {
    url: `${security.isEncrypted ? 'rediss' : 'redis'}://${host}:${port}/0`,
    host,
    port,
    kill,
    start,
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    async close() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Resolves once the server answers. Throws if it ends instead, or if another one answers at its port. */
async function answering({
  connection,
  server,
}: {
  connection: RedisOptions;
  server: ChildProcess;
}): Promise<void> {
  const isRunning = () => server.exitCode === null && server.signalCode === null;
  const retries = { retryStrategy: () => (isRunning() ? 20 : null), maxRetriesPerRequest: null };
  const redis = new Redis({ ...connection, ...retries });
  redis.on('error', () => undefined);
  try {
    const [, processId] = /^process_id:(\d+)/m.exec(await redis.info('server')) ?? [];
    if (Number(processId) !== server.pid)
      throw new Error(`another server answers at ${connection.host}:${connection.port}`);
  } finally {
    redis.disconnect();
  }
}
