import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DeadlinePassed } from '../../daemon/quota/errors';
import type { ServiceCall } from '../../daemon/quota/usage';
import { type CallEntry, recordCalls } from '../../daemon/redis/usage/calls';
import { createRecorder } from '../../daemon/redis/usage/recorder';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { CLAIM, claimedStore } from '../helpers/usage';

const DAY_MS = 86_400_000;
const LOG_BYTES = 70_000;

let space: RedisSpace;
beforeEach(() => {
  space = openRedisSpace();
});
afterEach(() => space.close());

const callOf = (rest: Partial<ServiceCall> = {}): ServiceCall => ({
  subject: 'ada',
  service: 'vente',
  requestId: undefined,
  callTimeMs: undefined,
  ...rest,
});

async function open() {
  const { keys } = await claimedStore(space);
  const place = { calls: space.calls, keys, partitions: 1, claim: CLAIM, logBytes: LOG_BYTES };
  const record = async (...calls: CallEntry[]) => (await recordCalls(place, 0, calls)).recorded;
  const { log, bySubject, byService } = keys.calls(0);
  return { keys, record, log, bySubject, byService };
}

describe('recorded calls', () => {
  test('calls of one turn, recorded by one function call in their order', async () => {
    const { record, byService } = await open();
    const sizes: number[] = [];
    const recorder = createRecorder({
      partitionOf: () => 0,
      recordAll(_, calls) {
        sizes.push(calls.length);
        return record(...calls);
      },
      toStoreUs: () => undefined,
    });
    const requestId = randomUUID();
    const recorded = await Promise.all([1, 2, 3].map(() => recorder.record(callOf({ requestId }))));

    expect([recorded, sizes]).toEqual([[true, false, false], [3]]);
    expect(await space.calls.zscore(byService, 'vente')).toBe('1');
  });

  test('an id that was used for another service is rejected, and the others recorded', async () => {
    const { record, bySubject } = await open();
    const requestId = randomUUID();
    const [first, reused, other] = await record(
      callOf({ requestId }),
      callOf({ requestId, service: 'achat' }),
      callOf({ service: 'achat' }),
    );

    expect([first, other]).toEqual([true, true]);
    expect(String(reused)).toContain('was used in the last 24 hours with another service');
    expect(await space.calls.zscore(bySubject, 'ada')).toBe('2');
  });

  test('one corrupt key among a hundred leaves 99 recorded', async () => {
    const { keys, record, byService } = await open();
    await space.calls.set(keys.callRequests('user-7'), 'not a set');
    const results = await record(
      ...Array.from({ length: 100 }, (_, at) => callOf({ subject: `user-${at}`, requestId: randomUUID() })),
    );

    expect(results.filter((result) => result === true)).toHaveLength(99);
    expect(String(results[7])).toContain('WRONGTYPE');
    expect(await space.calls.zscore(byService, 'vente')).toBe('99');
  });

  test('a call after its deadline is not recorded, nor is its id, and the others are', async () => {
    const { record, bySubject } = await open();
    const requestId = randomUUID();
    const nowUs = Date.now() * 1000;
    const results = await record(
      { ...callOf({ requestId }), deadlineUs: nowUs - 1_000_000 },
      { ...callOf({ requestId }), deadlineUs: nowUs + 60_000_000 },
      { ...callOf({ requestId }), deadlineUs: nowUs - 1_000_000 },
      callOf(),
    );

    expect(results).toEqual([expect.any(DeadlinePassed), true, expect.any(DeadlinePassed), true]);
    expect(await space.calls.zscore(bySubject, 'ada')).toBe('2');
  });

  test('a log of more bytes than it may take is cut to size, and all calls counted', async () => {
    const { record, log, byService } = await open();
    for (let round = 0; round < 50; round += 1)
      await record(...Array.from({ length: 100 }, (_, at) => callOf({ subject: `user-${at}` })));

    expect(await space.calls.memory('USAGE', log)).toBeLessThanOrEqual(LOG_BYTES);
    expect(await space.calls.zscore(byService, 'vente')).toBe('5000');
  });

  test('a log that is shared by many partitions keeps entries', async () => {
    const { keys, log } = await open();
    const record = { calls: space.calls, keys, partitions: 1024, claim: CLAIM, logBytes: 4_194_304 };
    await recordCalls(record, 0, [callOf()]);

    expect(await space.calls.xlen(log)).toBe(1);
  });

  test('a corrupt log leaves all recorded', async () => {
    const { record, log } = await open();
    await space.calls.set(log, 'not a stream');

    expect(await record(callOf())).toEqual([true]);
  });

  test('an id of more than a day ago is forgotten, and old ones are removed', async () => {
    const { keys, record } = await open();
    const [old, other] = [randomUUID(), randomUUID()];
    await record(callOf({ requestId: old }), callOf({ requestId: other }));
    const key = keys.callRequests('ada');
    for (const member of await space.calls.zrangeBuffer(key, 0, '-1'))
      await space.calls.zadd(key, String(Date.now() - DAY_MS - 1000), member);

    expect(await record(callOf({ requestId: old }))).toEqual([true]);
    expect(await space.calls.zcard(key)).toBe(1);
  });

  test('an id from before the clock went back is remembered for a day from now', async () => {
    const { keys, record } = await open();
    const requestId = randomUUID();
    await record(callOf({ requestId }));
    const key = keys.callRequests('ada');
    const [member = Buffer.alloc(0)] = await space.calls.zrangeBuffer(key, 0, '-1');
    await space.calls.zadd(key, String(Date.now() + 365 * DAY_MS), member);

    expect(await record(callOf({ requestId }))).toEqual([false]);
    expect(Number((await space.calls.zrange(key, 0, '-1', 'WITHSCORES'))[1])).toBeLessThanOrEqual(Date.now());
  });

  test('a store that is another one records nothing', async () => {
    const { keys, record, bySubject } = await open();
    await space.calls.hset(keys.control(0), 'claim', 'another');

    await expect(record(callOf())).rejects.toMatchObject({ name: 'StoreUnavailable' });
    expect(await space.calls.exists(bySubject)).toBe(0);
  });
});
