import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { HOURS_KEPT_MS } from '../../daemon/quota/retention';
import { HOUR_MS } from '../../daemon/quota/usage';
import type { Keys } from '../../daemon/redis/keys';
import { createDenials } from '../../daemon/redis/usage/denials';
import { readHourlyDecisions } from '../../daemon/redis/usage/hours';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { append, CLAIM, claimedStore, foldAll, folderOf } from '../helpers/usage';

let space: RedisSpace;
beforeEach(() => {
  space = openRedisSpace();
});
afterEach(() => space.close());

const currentHour = () => Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

async function open() {
  const store = await claimedStore(space);
  const policies = () => [
    { name: 'connection', recordsConnections: true },
    { name: 'service-call', recordsConnections: false },
  ];
  const folder = folderOf(space, store, { windowsMs: () => [HOUR_MS], policies });
  const key = store.keys.usage(0).hours;
  const read = (hourCount: number, names = ['connection', 'service-call']) =>
    readHourlyDecisions(
      { redis: space.admissions, keys: store.keys, partitions: [0] },
      { hourCount, policies: names, readTimeMs: Date.now() },
    );
  return { store, folder, key, read };
}

const admissionOf = (policy: string) => ({ subject: 'ada', policy, cost: 1, requestId: undefined });

function denied(decidedUs = Date.now() * 1000) {
  return { admitted: false, isRepeat: false, limits: [], retryDelayUs: undefined, decidedUs };
}

function denialsOf({ keys }: { keys: Keys }, daemonId = 'one') {
  const logger = pino({ level: 'silent' });
  const parts = { redis: space.admissions, keys, daemonId, logger };
  return createDenials({ ...parts, claimOf: () => CLAIM, hashOf: () => '' });
}

/** What was decided now: an hour may have begun since the test did. */
async function recent(
  read: Awaited<ReturnType<typeof open>>['read'],
): Promise<Record<string, [number, number]>> {
  const sums: Record<string, [number, number]> = {};
  for (const { policies } of await read(2)) {
    for (const { policy, admittedCount, deniedCount } of policies) {
      const [admitted, refused] = sums[policy] ?? [0, 0];
      sums[policy] = [admitted + admittedCount, refused + deniedCount];
    }
  }
  return sums;
}

describe('decisions by hour', () => {
  test('admissions and denials of two policies are each counted in their place', async () => {
    const { store, folder, read } = await open();
    const denials = denialsOf(store);
    await append(space, store, [{ subjects: ['ada', 'bob'], atMs: Date.now() }]);
    await append(space, store, [{ subjects: ['ada'], atMs: Date.now() }], 'service-call');
    for (let at = 0; at < 3; at += 1) denials.record(admissionOf('connection'), denied());
    await denials.flush();
    await foldAll(folder);

    expect(await recent(read)).toEqual({ connection: [2, 3], 'service-call': [1, 0] });
  });

  test('admissions of earlier hours are counted in them', async () => {
    const { store, folder, read } = await open();
    const startMs = currentHour() - 3 * HOUR_MS;
    await append(space, store, [{ subjects: ['ada', 'bob'], atMs: startMs + 60_000 }]);
    await foldAll(folder);

    const hour = (await read(5)).find(({ startTimeMs }) => startTimeMs === startMs);
    expect(hour?.policies[0]).toEqual({
      policy: 'connection',
      admittedCount: 2,
      deniedCount: 0,
      refundedCount: 0,
    });
  });

  test('hours in which nothing was decided are listed with nothing in them, the oldest first', async () => {
    const { read } = await open();
    const hours = await read(168);

    const last = hours.at(-1)?.startTimeMs ?? 0;
    expect(hours.map(({ startTimeMs }) => startTimeMs)).toEqual(
      Array.from({ length: 168 }, (_, index) => last - (167 - index) * HOUR_MS),
    );
    expect(hours[0]?.policies).toEqual([
      { policy: 'connection', admittedCount: 0, deniedCount: 0, refundedCount: 0 },
      { policy: 'service-call', admittedCount: 0, deniedCount: 0, refundedCount: 0 },
    ]);
  });

  test('returns no hours if none are requested', async () => {
    const { read } = await open();

    expect(await read(0)).toEqual([]);
  });

  test('hours that nobody can ask for, and hours to come, forgotten when an hour’s first admission is folded', async () => {
    const { store, folder, key } = await open();
    const current = currentHour();
    const kept = `${current - HOURS_KEPT_MS + 2 * HOUR_MS}:connection:admitted`;
    const gone = [current - HOURS_KEPT_MS - HOUR_MS, current + 50 * HOUR_MS].map(
      (hour) => `${hour}:gone:denied`,
    );
    for (const field of [kept, ...gone]) await space.admissions.hset(key, field, 1);
    await append(space, store, [{ subjects: ['ada'], atMs: Date.now() }]);
    await foldAll(folder);

    const fields = await space.admissions.hkeys(key);
    expect(fields).toHaveLength(2);
    expect(fields).toContain(kept);
  });

  test('a store that decides nothing any more forgets all of it by itself', async () => {
    const { store, folder, key } = await open();
    await append(space, store, [{ subjects: ['ada'], atMs: Date.now() }]);
    await foldAll(folder);
    const lifetimeMs = await space.admissions.pttl(key);

    expect(lifetimeMs).toBeGreaterThan(HOURS_KEPT_MS - 60_000);
    expect(lifetimeMs).toBeLessThanOrEqual(HOURS_KEPT_MS);
  });
});

describe('denials', () => {
  test('a delivery that comes twice, as after a lost answer is counted once', async () => {
    const { store, read } = await open();
    // Both take themselves for the same daemon, and send its first delivery.
    for (const denials of [denialsOf(store), denialsOf(store)]) {
      denials.record(admissionOf('connection'), denied());
      await denials.flush();
    }

    expect(await recent(read)).toMatchObject({ connection: [0, 1] });
  });

  test('a delivery that failed is repeated with what was denied meanwhile', async () => {
    const { store, read } = await open();
    const denials = denialsOf(store);
    denials.record(admissionOf('connection'), denied());
    await space.admissions.hset(store.keys.control(0), 'claim', 'another');
    await expect(denials.flush()).rejects.toThrow();
    denials.record(admissionOf('connection'), denied());
    await space.admissions.hset(store.keys.control(0), 'claim', CLAIM);
    await denials.flush();

    expect(await recent(read)).toMatchObject({ connection: [0, 2] });
  });

  test('the decisions of two daemons are all counted', async () => {
    const { store, read } = await open();
    for (const daemonId of ['one', 'two']) {
      const denials = denialsOf(store, daemonId);
      denials.record(admissionOf('connection'), denied());
      await denials.stop();
    }

    expect(await recent(read)).toMatchObject({ connection: [0, 2] });
  });

  test('of a thousand denials at once all are counted and a hundred are sampled', async () => {
    const { store, read } = await open();
    const denials = denialsOf(store);
    for (let at = 0; at < 1000; at += 1) denials.record(admissionOf('connection'), denied());
    await denials.flush();

    expect(await recent(read)).toMatchObject({ connection: [0, 1000] });
    expect(await space.admissions.xlen(store.keys.denials(0, 'connection'))).toBe(100);
  });

  test('a denial that is dated later than now is counted in this hour', async () => {
    const { store, read } = await open();
    const denials = denialsOf(store);
    denials.record(admissionOf('connection'), denied((Date.now() + 50 * HOUR_MS) * 1000));
    await denials.flush();

    expect(await recent(read)).toMatchObject({ connection: [0, 1] });
  });
});
