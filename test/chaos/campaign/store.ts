import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startOwnRedis } from '../../helpers/redis';
import { createClockShim, createDiskShim, envOf, HAS_COMPILER } from '../../helpers/shims';
import type { Notebook } from './notebook';
import { wallUs } from './notebook';
import type { FAULTS, PlannedFault } from './plan';

type StoreFault = (typeof FAULTS)['store'][number];

/** A Redis to which everything may happen that may happen to one. */
export interface FaultyStore {
  readonly port: number;
  /** Whether it can wait for its disk. */
  readonly waitsForDisk: boolean;
  /** Makes a fault, and resolves once it is over; false if this machine cannot make it. */
  suffer(planned: PlannedFault): Promise<boolean>;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly appendfsync: 'always' | 'everysec';
  readonly facts: Notebook;
}

/** What a sync that is slow takes longer. Redis waits for a sync for two seconds before it writes all the same. */
const SLOW_MS = 700;

/** What Redis acknowledges while a sync takes long and keeps to itself; and a little for what is not seen in time. */
const HELD_BACK_US = 2_200_000;

/** A sync may have begun since Redis was asked. */
const UNSEEN_US = 100_000;

export async function startFaultyStore({ appendfsync, facts }: StoreOptions): Promise<FaultyStore> {
  const folder = mkdtempSync(join(tmpdir(), 'quota-chaos-'));
  const [clock, disk] = HAS_COMPILER ? [createClockShim(folder), createDiskShim(folder)] : [];
  const env = clock && disk ? envOf([clock, disk]) : {};
  const redis = await startOwnRedis({ config: { appendfsync }, env });
  const operator = new Redis(redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  operator.on('error', () => undefined);
  const waitsForDisk = (await operator.command('INFO', 'WAITAOF')).some((found) => found !== null);

  /** Whether a sync is under way, so that Redis may keep to itself what it acknowledges. */
  async function isSyncing(): Promise<boolean> {
    const info = operator.info('persistence').catch(() => '');
    const text = await Promise.race([info, pause(200, '')]);
    return !text.includes('aof_pending_bio_fsync:0');
  }

  async function kill(): Promise<void> {
    const heldBackUs = appendfsync === 'always' ? undefined : (await isSyncing()) ? HELD_BACK_US : UNSEEN_US;
    const beforeUs = wallUs();
    await redis.kill();
    if (heldBackUs !== undefined)
      facts.write('fact', { fact: 'may_be_lost', fromUs: beforeUs - heldBackUs, toUs: wallUs() });
  }

  async function withSetting(
    name: string,
    [bad, good]: readonly [string, string],
    ms: number,
  ): Promise<void> {
    await operator.config('SET', name, bad);
    await pause(ms);
    await operator.config('SET', name, good);
  }

  async function withSlowDisk(work: () => Promise<void>): Promise<void> {
    disk?.slowDown(SLOW_MS);
    await work();
    disk?.slowDown(0);
    await pause(SLOW_MS);
  }

  function step(ms: number): void {
    clock?.shift(ms);
    facts.write('fact', { fact: 'clock_step', byUs: ms * 1000 });
  }

  const makers: Record<StoreFault, (ms: number) => Promise<void>> = {
    async 'store killed'(ms) {
      await kill();
      await pause(ms);
      await redis.start();
    },
    async 'store frozen'(ms) {
      redis.freeze();
      await pause(ms);
      redis.thaw();
    },
    'store full': (ms) => withSetting('maxmemory', ['1', '0'], ms),
    async 'store a replica'(ms) {
      await operator.replicaof('127.0.0.1', '1');
      await pause(ms);
      await operator.replicaof('NO', 'ONE');
    },
    'store without replicas': (ms) => withSetting('min-replicas-to-write', ['1', '0'], ms),
    'slow disk': (ms) => withSlowDisk(() => pause(ms)),
    'store killed on a slow disk': (ms) =>
      withSlowDisk(async () => {
        await pause(ms);
        await kill();
        disk?.slowDown(0);
        await redis.start();
      }),
    'clock forwards': async (ms) => step(2 * ms),
    'clock back': async (ms) => step(-ms),
  };
  const needsShims: readonly string[] = [
    'slow disk',
    'store killed on a slow disk',
    'clock forwards',
    'clock back',
  ];

  return {
    port: redis.port,
    waitsForDisk,
    async suffer({ fault, lastsMs }) {
      if (needsShims.includes(fault) && !HAS_COMPILER) return false;
      await makers[fault as StoreFault](lastsMs);
      return true;
    },
    async close() {
      operator.disconnect();
      await redis.close();
      clock?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
