import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createConsumer } from '../../daemon/redis/usage/consumer';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { append, CLAIM, type ClaimedStore, claimedStore, countsOf, folderOf } from '../helpers/usage';
import { until } from '../helpers/wait';

const HOUR_MS = 3_600_000;

let space: RedisSpace;
let stops: (() => Promise<void>)[];
beforeEach(() => {
  space = openRedisSpace();
  stops = [];
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await space.close();
});

function startConsumer(store: ClaimedStore, partitions = 1) {
  const newcomers: number[] = [];
  const consumer = createConsumer({
    folder: folderOf(space, store, { windowsMs: () => [HOUR_MS] }),
    partitions,
    logger: pino({ level: 'silent' }),
    onNewcomers: (partition) => newcomers.push(partition),
  });
  consumer.start();
  stops.push(consumer.stop);
  return { consumer, newcomers };
}

const connect = (store: ClaimedStore, subject: string) =>
  append(space, store, [{ subjects: [subject], atMs: Date.now() }]);
const isCounted = (store: ClaimedStore, subject: string) => async () =>
  subject in (await countsOf(space, store, HOUR_MS));

describe('consumer', () => {
  test('what is admitted is counted without anybody asking, and newcomers announced', async () => {
    const store = await claimedStore(space);
    const { newcomers } = startConsumer(store);
    await connect(store, 'ada');

    await until('the connection to be counted', isCounted(store, 'ada'));
    await until('the newcomer to be announced', () => newcomers.length > 0);
    expect(await space.admissions.smembers(store.keys.usage(0).newcomers)).toEqual(['ada']);
  });

  test.each([5, 300, 1023])('one of %i partitions is folded as well', async (partitions) => {
    const store = await claimedStore(space);
    for (let partition = 1; partition < partitions; partition += 1)
      await space.admissions.hset(store.keys.control(partition), 'claim', CLAIM);
    startConsumer(store, partitions);
    await connect(store, 'ada');

    await until('the connection to be counted', isCounted(store, 'ada'));
  });

  test('of two daemons, one has the lease; once it is gone, the other takes over', async () => {
    const store = await claimedStore(space);
    const first = startConsumer(store);
    await until('the first to have the lease', () => first.consumer.progress.leasedPartitions === 1);
    const second = startConsumer(store);
    await connect(store, 'ada');
    await until('the first to count', isCounted(store, 'ada'));
    const leased = [first, second].map(({ consumer }) => consumer.progress.leasedPartitions);
    await first.consumer.stop();
    await connect(store, 'bob');

    await until('the second to count', isCounted(store, 'bob'));
    await until('the second to have the lease', () => second.consumer.progress.leasedPartitions === 1);
    expect(leased).toEqual([1, 0]);
  });

  test('a lease from before the clock went back, which would last for a year is taken over', async () => {
    const store = await claimedStore(space);
    await space.admissions.set(store.keys.usage(0).lease, 'gone', 'PX', 365 * 24 * HOUR_MS);
    startConsumer(store);
    await connect(store, 'ada');

    await until('the connection to be counted', isCounted(store, 'ada'));
  });

  test('a store that is another one for a while is folded again when it is back', async () => {
    const store = await claimedStore(space);
    await space.admissions.hset(store.keys.control(0), 'claim', 'another');
    startConsumer(store);
    await connect(store, 'ada');
    await space.admissions.hset(store.keys.control(0), 'claim', '2/1/tested');

    await until('the connection to be counted', isCounted(store, 'ada'));
  });
});

describe('progress', () => {
  test('a step that fails again and again makes a lag that grows, and none once it succeeds', async () => {
    const store = await claimedStore(space);
    await space.admissions.set(store.keys.usage(0).recent, 'not a set');
    const { consumer } = startConsumer(store);
    await connect(store, 'ada');
    await until('the lag to grow', () => consumer.progress.lagSeconds > 0.5);
    await space.admissions.del(store.keys.usage(0).recent);

    await until('the connection to be counted', isCounted(store, 'ada'));
    await until('the end of the lag', () => consumer.progress.lagSeconds === 0);
  });
});

describe('fold', () => {
  test('a backlog is reported with its size and its age until it is folded', async () => {
    const store = await claimedStore(space);
    const folder = folderOf(space, store, { windowsMs: () => [HOUR_MS], budget: 10 });
    const entries = Array.from({ length: 50 }, (_, at) => ({
      subjects: ['ada'],
      atMs: Date.now() - 60_000 + at,
    }));
    await append(space, store, entries);

    const first = await folder.fold(0);

    expect(first.backlog).toBe(50 - (first.folded ?? 0));
    expect(first.lag_us).toBeGreaterThanOrEqual(59_000_000);
  });

  test('a key of another type fails and changes nothing', async () => {
    const store = await claimedStore(space);
    const { recent, window, state } = store.keys.usage(0);
    const folder = folderOf(space, store, { windowsMs: () => [HOUR_MS] });
    await connect(store, 'ada');
    await space.admissions.set(recent, 'not a set');
    await expect(folder.fold(0)).rejects.toThrow('WRONGTYPE');
    const before = [await space.admissions.exists(window(HOUR_MS)), await space.admissions.exists(state)];
    await space.admissions.del(recent);
    await folder.fold(0);

    expect(before).toEqual([0, 0]);
    expect(await countsOf(space, store, HOUR_MS)).toEqual({ ada: 1 });
  });
});
