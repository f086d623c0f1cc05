import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { UnknownErasure } from '../../daemon/quota/erasing';
import type { RedisStore } from '../../daemon/redis/store';
import { decisionBy } from '../helpers/conformance/store_factory';
import { actOnce, erased, keysThatHold, openErasingStore, POLICIES, WINDOWS_MS } from '../helpers/erasing';
import { type OwnRedis, startOwnRedis } from '../helpers/redis';

let server: OwnRedis;
let admissions: Redis;
let calls: Redis;
let store: RedisStore;

beforeAll(async () => {
  server = await startOwnRedis();
  admissions = new Redis(server.url);
  calls = new Redis(new URL('/1', server.url).href);
  // Or the bytes of a name could hide in what is packed.
  await admissions.config('SET', 'rdbcompression', 'no');
});
afterAll(async () => {
  admissions.disconnect();
  calls.disconnect();
  await server.close();
});
beforeEach(async () => {
  await admissions.flushall();
  store = await openErasingStore({ admissions, calls });
});
afterEach(() => store.settle());

const erased0 = 'the-erased:one*[x]';
const QUERY = {
  recentCount: 100,
  topCount: 100,
  leastCount: 100,
  topWindowMs: WINDOWS_MS[0] ?? 0,
  hourCount: 1,
};
const usageOf = (subject: string) => store.readUsage({ ...QUERY, subject }, ['connection', 'attempt']);

/** Many act, all of them in the same calls to Redis as the one that is erased. */
async function actTogether(subjects: readonly string[]): Promise<void> {
  await Promise.all(subjects.map((subject) => actOnce(store, subject)));
}

async function erase(subject: string): Promise<void> {
  const { id } = await store.erasing.eraseSubject(subject);
  await erased(store, id);
}

describe('EraseSubject in Redis', () => {
  test('whatever a subject has left, no byte of its name in any key or value of either database', async () => {
    const others = Array.from({ length: 20 }, (_, index) => `other-${index}`);
    await actTogether([...others, erased0]);
    await actTogether([erased0]);
    // Denied, which is delivered later.
    await actTogether([erased0]);
    await store.setOverride({
      subject: erased0,
      policy: 'connection',
      limitName: 'per-window',
      limit: 3,
      expireTimeMs: undefined,
      setBy: 'test',
    });
    await usageOf(erased0);
    expect((await keysThatHold([admissions, calls], erased0)).length).toBeGreaterThan(8);

    await erase(erased0);

    expect(await keysThatHold([admissions, calls], erased0)).toEqual([]);
  });

  test('those who acted in the same entries of the logs, counted as before', async () => {
    const others = ['a', 'b', `${erased0}:more`, erased0.slice(0, -1)];
    await actTogether([...others, erased0]);
    await actTogether([erased0, ...others]);
    const before = await Promise.all(others.map(usageOf));

    await erase(erased0);

    const after = await Promise.all(others.map(usageOf));
    expect(after.map(({ subjectUsage }) => subjectUsage)).toEqual(
      before.map(({ subjectUsage }) => subjectUsage),
    );
    expect(after[0]?.services).toEqual(before[0]?.services);
    expect(after[0]?.hours).toEqual(before[0]?.hours);
    expect(after[0]?.topUsers.map(({ subject }) => subject).sort()).toEqual([...others].sort());
    expect(after[0]?.leastActiveUsers.map(({ subject }) => subject).sort()).toEqual([...others].sort());
  });

  test('what is done while it goes on, counted and remembered afresh', async () => {
    await actTogether([erased0, 'other']);
    await actTogether([erased0]);

    const { id } = await store.erasing.eraseSubject(erased0);
    const requestId = randomUUID();
    const again = { subject: erased0, policy: 'connection', cost: 1, requestId };
    const first = await decisionBy(store, again, POLICIES.connection);
    await erased(store, id);
    const repeat = await decisionBy(store, again, POLICIES.connection);

    expect(first.limits[0]?.remaining).toBe(9);
    expect(repeat.isRepeat).toBe(true);
    expect((await usageOf(erased0)).subjectUsage).toMatchObject({ connectionCount: 1, callCount: 0 });
    expect((await usageOf('other')).subjectUsage).toMatchObject({ connectionCount: 1, callCount: 1 });
  });

  test('a state of a policy that no daemon has any more, gone', async () => {
    await admissions.zadd(`taken:{0}:former:${erased0}`, 1, 'x');
    await admissions.hset(`bucket:{0}:connection:former:${erased0}`, 'debt', 1);
    await admissions.zadd(`taken:{0}:former:other:${erased0}`, 1, 'x');

    await erase(erased0);

    expect(await keysThatHold([admissions, calls], erased0)).toEqual([
      `0: taken:{0}:former:other:${erased0}`,
    ]);
  });

  test('a daemon that stops in between: another one goes on to the end', async () => {
    await actTogether([erased0, 'other']);
    const { id } = await store.erasing.eraseSubject(erased0);
    await store.settle();
    expect((await store.erasing.getErasure(id)).endTimeMs).toBeUndefined();

    store = await openErasingStore({ admissions, calls });
    await erased(store, id);

    expect(await keysThatHold([admissions, calls], erased0)).toEqual([]);
    expect((await usageOf('other')).subjectUsage).toMatchObject({ connectionCount: 1, callCount: 1 });
  });

  test('one that is asked for again while it goes on, begun again under the same id', async () => {
    await actTogether([erased0]);
    const first = await store.erasing.eraseSubject(erased0);
    await actTogether([erased0]);
    const second = await store.erasing.eraseSubject(erased0);
    await erased(store, second.id);

    expect(second.id).toBe(first.id);
    expect(second.startTimeMs).toBeGreaterThanOrEqual(first.startTimeMs);
    expect(await keysThatHold([admissions, calls], erased0)).toEqual([]);
  });

  test('progress, by an id that names nobody', async () => {
    const begun = await store.erasing.eraseSubject(erased0);
    await erased(store, begun.id);
    const ended = await store.erasing.getErasure(begun.id);

    expect(begun).toMatchObject({ stepsDone: 1, endTimeMs: undefined });
    expect(ended).toMatchObject({
      subjectHash: `hash of ${erased0.length} characters`,
      startTimeMs: begun.startTimeMs,
      stepsDone: begun.stepsTotal,
      stepsTotal: begun.stepsTotal,
    });
    await expect(store.erasing.getErasure('7.none')).rejects.toThrow(UnknownErasure);
  });

  test('folding after the end: the clocks of all logs and windows agree with what the logs hold', async () => {
    await actTogether([erased0, 'a', 'b']);
    await erase(erased0);
    await actTogether(['a', erased0]);
    await usageOf('a');

    const state = await admissions.hgetall('usage:{0}:state');
    for (const policy of ['connection', 'attempt'])
      expect(Number(state[`kept:${policy}`])).toBe(await admissions.xlen(`admissions:{0}:${policy}`));
    expect(Object.keys(state).filter((field) => field.startsWith('erasing:'))).toEqual([]);
    expect((await usageOf('a')).subjectUsage).toMatchObject({ connectionCount: 2 });
    expect((await usageOf(erased0)).subjectUsage).toMatchObject({ connectionCount: 1, callCount: 1 });
  });
});
