import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { type ErasedSubjects, SubjectErased, UnknownErasure } from '../../daemon/quota/erasing';
import { StoreUnavailable } from '../../daemon/quota/errors';
import type { AdmittedElsewhere } from '../../daemon/quota/store';
import { createErasureWatch } from '../../daemon/redis/erasing/watch';
import { createKeys } from '../../daemon/redis/keys';
import type { RedisStore } from '../../daemon/redis/store';
import { createDenials } from '../../daemon/redis/usage/denials';
import { createSubjectHash } from '../../daemon/telemetry/subject_hash';
import { decisionBy } from '../helpers/conformance/store_factory';
import { actOnce, erased, keysThatHold, openErasingStore, POLICIES, WINDOWS_MS } from '../helpers/erasing';
import { type OwnRedis, startOwnRedis } from '../helpers/redis';
import { until, withinOneHour } from '../helpers/wait';

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
  // What was decided by the hour is compared before and after.
  await withinOneHour({ neededMs: 30_000 });
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
  test('no byte of the name of an erased subject is left in any key or value of either database', async () => {
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

  test('those who acted in the same entries of the logs are counted as before', async () => {
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

  test('what is done while it goes on is counted and remembered afresh', async () => {
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

  test('the list of the lately denied has the others, and no longer the subject', async () => {
    for (const subject of [erased0, 'other']) {
      const denied = await decisionBy(
        store,
        { subject, policy: 'connection', cost: 11, requestId: undefined },
        POLICIES.connection,
      );
      store.decided({ subject, policy: 'connection', cost: 11, requestId: undefined }, denied);
    }
    const before = await store.listDenied('connection', 10);

    await erase(erased0);

    expect(before.map(({ subject }) => subject)).toEqual(['other', erased0]);
    const after = await store.listDenied('connection', 10);
    expect(after.map(({ subject }) => subject)).toEqual(['other']);
    expect(await keysThatHold([admissions, calls], erased0)).toEqual([]);
  });

  test('a state of a policy that no daemon has any more is gone', async () => {
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

  test('an erasure that is asked for again while it goes on begins again under the same id', async () => {
    await actTogether([erased0]);
    const first = await store.erasing.eraseSubject(erased0);
    await actTogether([erased0]);
    const second = await store.erasing.eraseSubject(erased0);
    await erased(store, second.id);

    expect(second.id).toBe(first.id);
    expect(second.startTimeMs).toBeGreaterThanOrEqual(first.startTimeMs);
    expect(await keysThatHold([admissions, calls], erased0)).toEqual([]);
  });

  test('progress has an id that names nobody', async () => {
    const begun = await store.erasing.eraseSubject(erased0);
    await erased(store, begun.id);
    const ended = await store.erasing.getErasure(begun.id);

    expect(begun).toMatchObject({ stepsDone: 1, endTimeMs: undefined });
    expect(ended).toMatchObject({
      subjectHash: createSubjectHash('a secret of all daemons')(erased0),
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

/** What was decided without the store just before now, by this machine's clock, which is that of its Redis. */
function admittedBefore(subject: string): AdmittedElsewhere {
  const admission = { subject, policy: 'connection', cost: 1, requestId: randomUUID() };
  return { admission, policy: POLICIES.connection, atUs: (Date.now() - 100) * 1000 };
}

const deniedAt = (decidedUs: number) => {
  return { admitted: false, isRepeat: false, limits: [], retryDelayUs: undefined, decidedUs };
};

const denied0 = { subject: erased0, policy: 'connection', cost: 11, requestId: undefined };

/** More than one look asks. */
const MOST_QUESTIONS = 8;

describe('what a daemon holds of a subject that another one erases', () => {
  test.each([
    ['while the erasure runs, by a daemon with another secret', 'another secret', false],
    ['once the erasure has ended', 'a secret of all daemons', true],
  ])('an admission of an outage that is written late is dropped: %s', async (_, secret, hasEnded) => {
    const late = admittedBefore(erased0);
    const { id } = await store.erasing.eraseSubject(erased0);
    if (hasEnded) await erased(store, id);
    const other = await openErasingStore({ admissions, calls }, { hashOf: createSubjectHash(secret) });
    const results = await other.restore([late, admittedBefore('other')]);
    await other.settle();
    await erased(store, id);

    expect(results).toEqual([expect.any(SubjectErased), undefined]);
    expect(await keysThatHold([admissions, calls], erased0)).toEqual([]);
    expect((await usageOf(erased0)).subjectUsage).toMatchObject({ connectionCount: 0 });
    expect((await usageOf('other')).subjectUsage).toMatchObject({ connectionCount: 1 });
  });

  test('an admission that was made after the erasure began is written', async () => {
    const { id } = await store.erasing.eraseSubject(erased0);
    await erased(store, id);
    const { atUs, ...later } = admittedBefore(erased0);
    const results = await store.restore([{ ...later, atUs: atUs + 100_000 }]);

    expect(results).toEqual([undefined]);
    expect((await usageOf(erased0)).subjectUsage).toMatchObject({ connectionCount: 1 });
  });

  test('a denial that is delivered late is counted and not named', async () => {
    const policyKeys = createKeys({ prefix: '', partitions: 1 });
    let isCut = true;
    const claim = await admissions.hget(policyKeys.control(0), 'claim');
    const denials = createDenials({
      redis: admissions,
      keys: policyKeys,
      daemonId: randomUUID(),
      claimOf() {
        if (isCut) throw new StoreUnavailable({ cause: new Error('cut off') });
        return claim ?? '';
      },
      hashOf: createSubjectHash('a secret of all daemons'),
      logger: pino({ level: 'silent' }),
    });
    denials.record(denied0, deniedAt(Date.now() * 1000));
    denials.record({ ...denied0, subject: 'other' }, deniedAt(Date.now() * 1000));
    await erase(erased0);
    isCut = false;
    await denials.stop();

    expect(await keysThatHold([admissions, calls], erased0)).toEqual([]);
    expect((await store.listDenied('connection', 10)).map(({ subject }) => subject)).toEqual(['other']);
    const counts = (await usageOf('other')).hours.flatMap(({ policies }) => policies);
    expect(counts.reduce((sum, { deniedCount }) => sum + deniedCount, 0)).toBe(2);
  });

  test('a denial that another daemon repeats by what it remembers is not named', async () => {
    const { id, startTimeMs } = await store.erasing.eraseSubject(erased0);
    store.decided(denied0, deniedAt((startTimeMs + 240) * 1000));
    await store.listDenied('connection', 1);
    await erased(store, id);

    expect(await keysThatHold([admissions, calls], erased0)).toEqual([]);
  });

  test('a daemon learns of it by name while it runs, and forgets what it remembers', async () => {
    const heard: ErasedSubjects[] = [];
    const other = await openErasingStore(
      { admissions, calls },
      { onErased: (erased) => void heard.push(erased) },
    );
    const { id, startTimeMs } = await store.erasing.eraseSubject(erased0);
    await until('the news of the erasure', () => heard.length > 0);
    await erased(store, id);
    await other.settle();

    const [[name, us = 0] = []] = heard[0]?.named ?? [];
    expect([name, Math.floor(us / 1000)]).toEqual([erased0, startTimeMs]);
    expect(heard.every(({ hashed }) => hashed.size === 0)).toBe(true);
  });

  test('a daemon that was cut off meanwhile learns of it by the hash, once', async () => {
    const heard: ErasedSubjects[] = [];
    const watch = createErasureWatch({
      redis: admissions,
      keys: createKeys({ prefix: '', partitions: 1 }),
      partitions: 1,
      isOpen: () => isOpen,
      onErased: (erased) => void heard.push(erased),
      logger: pino({ level: 'silent' }),
    });
    let isOpen = true;
    await erase('before');
    watch.start();
    const looks = jest.spyOn(admissions, 'hget');
    const looked = async (count: number) => until('a look', () => looks.mock.results.length >= count);
    await looked(2);
    isOpen = false;
    // A look that has begun goes on, and asks one thing after the other: each is answered before the next of these.
    for (let question = 0; question < MOST_QUESTIONS; question += 1) await admissions.ping();
    const { id, subjectHash } = await store.erasing.eraseSubject(erased0);
    await erased(store, id);
    isOpen = true;
    await until('the news of the erasure', () => heard.length > 0);
    await looked(looks.mock.results.length + 2);
    await watch.stop();
    looks.mockRestore();

    expect(heard.map(({ named, hashed }) => [named.size, [...hashed.keys()]])).toEqual([[0, [subjectHash]]]);
  });
});
