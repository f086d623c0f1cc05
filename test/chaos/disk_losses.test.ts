import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { CAN_MOUNT, type DiskOptions, type DiskRedis, startDiskRedis } from '../helpers/disk_redis';
import { closedAfterEach } from '../helpers/opened';
import { HAS_COMPILER } from '../helpers/shims';
import { until } from '../helpers/wait';

// What docs/reliability.md states of each setting of Redis. The numbers that are printed are those of its tables.

const opened = closedAfterEach();

async function redisOn(options: DiskOptions): Promise<DiskRedis> {
  return opened.closed(await startDiskRedis(options), (redis) => redis.close());
}

interface Acknowledged {
  readonly value: number;
  readonly sentMs: number;
  readonly atMs: number;
}

/** Writes numbers, one after the other, and notes which ones Redis has acknowledged. */
function writeOn(url: string): { readonly acknowledged: Acknowledged[]; stop(): Promise<void> } {
  const redis = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  const acknowledged: Acknowledged[] = [];
  let isStopped = false;
  const writing = (async () => {
    for (let value = 1; !isStopped; value += 1) {
      const sentMs = performance.now();
      const isDone = await redis.rpush('written', value).then(
        () => true,
        () => false,
      );
      if (isDone) acknowledged.push({ value, sentMs, atMs: performance.now() });
      await pause(1);
    }
  })();
  return {
    acknowledged,
    async stop() {
      isStopped = true;
      redis.disconnect();
      await writing;
    },
  };
}

/** Starts Redis again, and returns what it had acknowledged and has lost, the oldest first. */
async function lossesAfter(
  server: DiskRedis,
  acknowledged: readonly Acknowledged[],
): Promise<Acknowledged[]> {
  await server.start();
  const redis = new Redis(server.url);
  const kept = new Set((await redis.lrange('written', 0, -1)).map(Number));
  redis.disconnect();
  return acknowledged.filter(({ value }) => !kept.has(value));
}

/** Says what was lost, and whether it is the end of what was acknowledged and nothing before it. */
function describeLosses(
  what: string,
  lost: readonly Acknowledged[],
  acknowledged: readonly Acknowledged[],
  endMs: number,
) {
  const [first] = lost;
  const lastMs = first === undefined ? 0 : Math.round(endMs - first.atMs);
  console.log(`${what}: lost ${lost.length} of ${acknowledged.length}, the last ${lastMs} ms before the end`);
  expect(lost).toEqual(acknowledged.slice(acknowledged.length - lost.length));
  return lost.length;
}

/** How long Redis went on acknowledging what it then lost, by its own doing: what this process notes late makes it no longer. */
function spanMs(lost: readonly Acknowledged[]): number {
  return Math.max(0, (lost.at(-1)?.sentMs ?? 0) - (lost[0]?.atMs ?? 0));
}

/** How long Redis keeps writes to itself at most while a sync is pending, and how far apart syncs are; it looks every 0.1 s. */
const HELD_MS = 2_000;
const SYNC_MS = 1_000;
const MARGIN_MS = 100;

const SETTINGS = ['always', 'everysec', 'no'] as const;

/** Long enough for a sync by the second to be under way. */
const WRITTEN_COUNT = 1_000;
const WRITTEN_MS = 2 * SYNC_MS;

async function killWhileWriting(server: DiskRedis, fault: Fault, what: string): Promise<number> {
  return (await lossesOf(server, fault, what)).length;
}

interface Fault {
  readonly hasMachine: boolean;
  readonly isQuick?: boolean;
}

async function lossesOf(
  server: DiskRedis,
  { hasMachine, isQuick = false }: Fault,
  what: string,
): Promise<Acknowledged[]> {
  const writer = writeOn(server.url);
  await until(
    'some writes',
    () => writer.acknowledged.length >= WRITTEN_COUNT && spanMs(writer.acknowledged) > WRITTEN_MS,
  );
  if (isQuick) await untilSynced(server);
  const endMs = performance.now();
  await server.kill();
  await writer.stop();
  if (!hasMachine) server.loseMachine();
  server.slowDown(0);
  const lost = await lossesAfter(server, writer.acknowledged);
  describeLosses(what, lost, writer.acknowledged, endMs);
  return lost;
}

/** Waits until no sync is under way, which may take long while others use the same disk. */
async function untilSynced({ url }: DiskRedis): Promise<void> {
  const redis = opened.closed(new Redis(url, { retryStrategy: () => null }), (each) => each.disconnect());
  redis.on('error', () => undefined);
  await until('the end of a sync', async () =>
    (await redis.info('persistence')).includes('aof_pending_bio_fsync:0'),
  );
}

describe('kill -9 of Redis', () => {
  test.each(SETTINGS)('appendfsync %s, a disk that is quick: nothing is lost', async (appendfsync) => {
    const server = await redisOn({ appendfsync });

    const fault = { hasMachine: true, isQuick: true };
    expect(await killWhileWriting(server, fault, `kill -9, ${appendfsync}`)).toBe(0);
  });
});

const withDisk = HAS_COMPILER ? describe : describe.skip;

withDisk('a slow disk, and kill -9 (needs a C compiler)', () => {
  test('appendfsync always: nothing is lost, as no answer comes before the disk', async () => {
    const server = await redisOn({ appendfsync: 'always' });
    server.slowDown(5);

    expect(await killWhileWriting(server, { hasMachine: true }, 'slow disk and kill -9, always')).toBe(0);
  });

  /** How long a sync is pending, at least, when Redis is killed. */
  async function killWhileSyncing(pendingForMs: number) {
    const server = await redisOn({ appendfsync: 'everysec' });
    server.slowDown(60_000);
    const writer = writeOn(server.url);
    const redis = opened.closed(new Redis(server.url), (each) => each.disconnect());
    // A sync has begun, and does not end: from then on Redis keeps what it acknowledges to itself for up to two seconds.
    await until('a sync that is pending', async () =>
      (await redis.info('persistence')).includes('aof_pending_bio_fsync:1'),
    );
    const pendingMs = performance.now();
    await until('writes meanwhile', () => (writer.acknowledged.at(-1)?.atMs ?? 0) > pendingMs + pendingForMs);
    const endMs = performance.now();
    await server.kill();
    await writer.stop();
    server.slowDown(0);
    const lost = await lossesAfter(server, writer.acknowledged);
    describeLosses('slow disk and kill -9, everysec', lost, writer.acknowledged, endMs);
    return lost;
  }

  test('appendfsync everysec: what came while the disk was busy is lost', async () => {
    const lost = await killWhileSyncing(HELD_MS - 500);

    expect(lost.length).toBeGreaterThan(0);
    expect(spanMs(lost)).toBeLessThanOrEqual(HELD_MS + MARGIN_MS);
  });

  test('appendfsync everysec: of a longer time that the disk was busy, two seconds are lost at most', async () => {
    expect(spanMs(await killWhileSyncing(1.5 * HELD_MS))).toBeLessThanOrEqual(HELD_MS + MARGIN_MS);
  });

  test('appendfsync no: nothing is lost, as the system has it', async () => {
    const server = await redisOn({ appendfsync: 'no' });
    server.slowDown(60_000);

    expect(await killWhileWriting(server, { hasMachine: true }, 'slow disk and kill -9, no')).toBe(0);
  });
});

withDisk('the end of the machine (needs a C compiler)', () => {
  test('appendfsync always: nothing is lost', async () => {
    const server = await redisOn({ appendfsync: 'always' });

    expect(await killWhileWriting(server, { hasMachine: false }, 'machine lost, always')).toBe(0);
  });

  test('appendfsync everysec: what came after the last sync is lost, a second of it if the disk keeps up', async () => {
    await until('a loss of a second at most, of a disk that may be busy', async () => {
      const server = await redisOn({ appendfsync: 'everysec' });
      const lost = await lossesOf(server, { hasMachine: false }, 'machine lost, everysec');
      expect(lost.length).toBeGreaterThan(0);
      return spanMs(lost) <= SYNC_MS + MARGIN_MS;
    });
  });

  test('appendfsync no: all that the system has not written by itself is lost, here all of it', async () => {
    const server = await redisOn({ appendfsync: 'no' });

    expect(await killWhileWriting(server, { hasMachine: false }, 'machine lost, no')).toBeGreaterThanOrEqual(
      WRITTEN_COUNT,
    );
  });
});

const withMount = CAN_MOUNT ? describe : describe.skip;

withMount('a full disk (needs root, for a small file system)', () => {
  /** Writes until the disk is full. */
  async function fillUp(appendfsync: DiskOptions['appendfsync']) {
    const server = await redisOn({ appendfsync, diskBytes: 4_000_000 });
    server.fill(16_384);
    return { server, writer: writeOn(server.url) };
  }

  test('appendfsync always: Redis ends, and nothing that it acknowledged is lost', async () => {
    const { server, writer } = await fillUp('always');
    await server.ended();
    const endMs = performance.now();
    await writer.stop();
    server.free();
    const lost = await lossesAfter(server, writer.acknowledged);

    expect(writer.acknowledged.length).toBeGreaterThan(0);
    expect(describeLosses('full disk, always', lost, writer.acknowledged, endMs)).toBe(0);
  });

  test.each(['everysec', 'no'] as const)(
    'appendfsync %s: Redis rejects writes, goes on once there is room, and then has lost nothing',
    async (appendfsync) => {
      const { server, writer } = await fillUp(appendfsync);
      const redis = opened.closed(new Redis(server.url), (each) => each.disconnect());
      await until('the refusal', async () =>
        (await redis.info('persistence')).includes('aof_last_write_status:err'),
      );
      expect(await redis.rpush('written', 0).catch((error: Error) => error.message)).toContain('MISCONF');
      server.free();
      await until('room', async () => (await redis.info('persistence')).includes('aof_last_write_status:ok'));
      const endMs = performance.now();
      await writer.stop();
      await server.kill();
      const lost = await lossesAfter(server, writer.acknowledged);

      expect(
        describeLosses(`full disk and room again, ${appendfsync}`, lost, writer.acknowledged, endMs),
      ).toBe(0);
    },
  );

  test('appendfsync everysec, killed while the disk is full: the last write before the refusals is lost', async () => {
    const { server, writer } = await fillUp('everysec');
    const redis = opened.closed(new Redis(server.url), (each) => each.disconnect());
    await until('the refusal', async () =>
      (await redis.info('persistence')).includes('aof_last_write_status:err'),
    );
    const endMs = performance.now();
    await server.kill();
    await writer.stop();
    server.free();
    const lost = await lossesAfter(server, writer.acknowledged);

    expect(
      describeLosses('full disk and kill -9, everysec', lost, writer.acknowledged, endMs),
    ).toBeLessThanOrEqual(1);
  });
});
