import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { provided } from './environment';

/** A part of the shared Redis server that is one test's own: everything under its key prefix. */
export interface RedisSpace {
  readonly url: string;
  readonly prefix: string;
  /** Database 0, where admissions are. */
  readonly admissions: Redis;
  /** Database 1, where calls are. */
  readonly calls: Redis;
  /** Removes what the test left, and closes the connections. */
  close(): Promise<void>;
}

export function openRedisSpace(url: string = provided('TEST_REDIS_URL')): RedisSpace {
  const prefix = `test-${randomUUID()}:`;
  const admissions = new Redis(url);
  const calls = new Redis(new URL('/1', url).href);
  return {
    url,
    prefix,
    admissions,
    calls,
    async close() {
      for (const redis of [admissions, calls]) {
        const keys = await redis.keys(`${prefix}*`);
        if (keys.length > 0) await redis.del(...keys);
        redis.disconnect();
      }
    },
  };
}

/** A Redis server that a test may kill, stop and start as it likes; what it holds survives on disk. */
export interface OwnRedis {
  readonly url: string;
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

export interface OwnRedisOptions {
  /** Of redis.conf, beyond what every test needs. */
  readonly config?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startOwnRedis({ config, env }: OwnRedisOptions = {}): Promise<OwnRedis> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'quota-redis-'));
  const options = {
    port,
    bind: '127.0.0.1',
    dir: directory,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
    ...config,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let server: ChildProcess;

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  }

  async function start(): Promise<void> {
    server = spawn(provided('REDIS_SERVER_PATH'), args, {
      stdio: 'ignore',
      env: { ...process.env, ...env },
    });
    await answering(port);
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}/0`,
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

async function answering(port: number): Promise<void> {
  const redis = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  try {
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}

/** A loopback port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
