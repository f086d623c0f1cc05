import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { provided } from './environment';
import { freePort } from './ports';
import { createDiskShim, HAS_COMPILER } from './shims';

/** Whether this process may make small file systems. */
export const CAN_MOUNT = process.getuid?.() === 0 && canMount();

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'quota-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder]).status === 0;
  if (mounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}

/** A Redis on a disk that the test controls. */
export interface DiskRedis {
  readonly url: string;
  /** Each sync takes this much longer from now on. */
  slowDown(delayMs: number): void;
  /** Fills a small disk, except for some bytes; or frees it again. */
  fill(freeBytes: number): void;
  free(): void;
  /** Ends the process as a crash would; what it wrote is in the hands of the system. */
  kill(): Promise<void>;
  /** What is left on the disk if the machine itself dies: after `kill`, everything that was not synced is gone. */
  loseMachine(): void;
  /** Resolves once the process has ended by itself. */
  ended(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface DiskOptions {
  readonly appendfsync: 'always' | 'everysec' | 'no';
  /** The size of the disk in bytes; the real disk unless given. Needs `CAN_MOUNT`. */
  readonly diskBytes?: number;
}

export async function startDiskRedis({ appendfsync, diskBytes }: DiskOptions): Promise<DiskRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'quota-disk-'));
  const data = join(folder, 'data');
  const ballast = join(data, 'ballast');
  mkdirSync(data);
  if (diskBytes !== undefined)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'none', data]);
  const disk = HAS_COMPILER ? createDiskShim(folder) : undefined;
  const port = await freePort();
  const env = { PATH: process.env.PATH, ...disk?.env };
  const options = { port, bind: '127.0.0.1', dir: data, appendonly: 'yes', appendfsync, save: '' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let server: ChildProcess;

  async function start(): Promise<void> {
    server = spawn(provided('REDIS_SERVER_PATH'), args, { stdio: 'ignore', env });
    await answering(port);
  }

  async function ended(): Promise<void> {
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  }

  async function kill(): Promise<void> {
    server.kill('SIGKILL');
    await ended();
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}/0`,
    slowDown(delayMs) {
      disk?.slowDown(delayMs);
    },
    fill(freeBytes) {
      const freeNow =
        Number(execFileSync('stat', ['-f', '-c', '%f', data])) *
        Number(execFileSync('stat', ['-f', '-c', '%S', data]));
      writeFileSync(ballast, Buffer.alloc(Math.max(0, freeNow - freeBytes)));
    },
    free: () => rmSync(ballast, { force: true }),
    kill,
    ended,
    start,
    loseMachine() {
      const synced = syncedSizes(disk?.logFile ?? '');
      const files = join(data, 'appendonlydir');
      for (const file of readdirSync(files).filter((name) => name.endsWith('.incr.aof')))
        truncateSync(join(files, file), synced.get(join(files, file)) ?? 0);
    },
    async close() {
      await kill();
      if (diskBytes !== undefined) execFileSync('umount', [data]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How many bytes of each file were synced last. */
function syncedSizes(logFile: string): Map<string, number> {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => [line.slice(line.indexOf(' ') + 1), Number(line.slice(0, line.indexOf(' ')))]),
  );
}

async function answering(port: number): Promise<void> {
  const redis = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  try {
    for (;;) {
      const isLoaded = await redis.ping().then(
        () => true,
        () => false,
      );
      if (isLoaded) return;
    }
  } finally {
    redis.disconnect();
  }
}
