import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Limit } from '../../daemon/quota/limits';
import { type LimitStore, openLimitStore, policyOf } from '../helpers/limit_store';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
let store: LimitStore;
beforeAll(async () => {
  space = openRedisSpace();
  store = await openLimitStore(space);
});
afterAll(() => space.close());

const HOUR_MS = 3_600_000;
const HOUR_US = HOUR_MS * 1000;

const window = (limit: number, windowMs = HOUR_MS, name = 'window'): Limit => {
  return { name, algorithm: 'sliding-window', limit, windowMs };
};
const bucket = (limit: number, windowMs = HOUR_MS): Limit => {
  return { name: 'bucket', algorithm: 'token-bucket', limit, windowMs };
};
/** A policy of its own for each test, whose takings no other test has asked to keep. */
const ownPolicy = (limits: Limit[], rememberMs = 60_000) =>
  policyOf(limits, { name: `p-${randomUUID()}`, rememberMs });

/** Adds takings of the past, `ageUs` old and a microsecond apart. */
async function takeInThePast(key: string, count: number, ageUs: number): Promise<void> {
  const fromUs = Date.now() * 1000 - ageUs;
  const members = Array.from({ length: count }, (_, at) => [
    String(fromUs + at),
    Buffer.from(randomUUID().replaceAll('-', ''), 'hex'),
  ]);
  await space.admissions.zadd(key, ...members.flat());
}

describe('a token bucket', () => {
  test('one whose override has ended owes one full bucket at most', async () => {
    const policy = ownPolicy([bucket(20)]);
    const subject = randomUUID();
    const target = { subject, policy: policy.name, limitName: 'bucket' };
    await store.override({ ...target, limit: 1_000_000 });
    await store.admit({ policy, subject, cost: 900_000 });
    await store.clear(target);

    const denied = await store.admit({ policy, subject });

    expect(denied).toMatchObject({ admitted: false, limits: [{ limit: 20, remaining: 0 }] });
    expect(denied.retryDelayUs).toBeLessThanOrEqual(HOUR_US / 20);
    expect(denied.limits[0]?.resetDelayUs).toBeLessThanOrEqual(HOUR_US);
  });

  test('one whose limit has got smaller owes one full bucket at most', async () => {
    const subject = randomUUID();
    const large = ownPolicy([bucket(1000)]);
    await store.admit({ policy: large, subject, cost: 1000 });

    const denied = await store.admit({ policy: { ...large, limits: [bucket(2)] }, subject });

    expect(denied.admitted).toBe(false);
    expect(denied.retryDelayUs).toBeLessThanOrEqual(HOUR_US / 2);
    expect(denied.limits[0]?.resetDelayUs).toBeLessThanOrEqual(HOUR_US);
  });

  test('that only denials meet after an override has ended keeps what was taken until it is full again', async () => {
    const policy = ownPolicy([bucket(1, 60_000)]);
    const subject = randomUUID();
    const target = { subject, policy: policy.name, limitName: 'bucket' };
    await store.override({ ...target, limit: 1_000_000 });
    await store.admit({ policy, subject });
    await store.clear(target);
    await pause(20);

    expect(await store.admit({ policy, subject })).toMatchObject({ admitted: false });
  });
});

describe('takings', () => {
  test('of a policy that another daemon counts for longer, are not purged by the shorter window', async () => {
    const short = ownPolicy([window(10, 100_000)], 100_000);
    const long = { ...short, limits: [window(10, 200_000)], rememberMs: 200_000 };
    const subject = randomUUID();
    const other = await openLimitStore(space);
    await other.follow(long);
    await store.follow(short);
    const key = store.keys.taken(short.name, subject);
    await takeInThePast(key, 9, 150_000_000);

    await store.admit({ policy: short, subject });

    expect(await space.admissions.zcard(key)).toBe(10);
    expect(await other.admit({ policy: long, subject })).toMatchObject({ admitted: false });
  });

  test('that nothing needs any more are removed a thousand at a time until none is left', async () => {
    const policy = ownPolicy([window(10, 60_000)]);
    const subject = randomUUID();
    const key = store.keys.taken(policy.name, subject);
    await takeInThePast(key, 2500, 61_000_000);
    await space.admissions.pexpire(key, 30_000);

    const left = [];
    for (let call = 0; call < 4; call += 1) {
      // An expiry that is late enough by the millisecond is not looked at again.
      await pause(5);
      await store.admit({ policy, subject });
      left.push(await space.admissions.zcard(key));
    }

    expect(left).toEqual([1501, 502, 3, 4]);
  });

  test('that were given back are removed as well', async () => {
    const policy = ownPolicy([window(10, 60_000)]);
    const subject = randomUUID();
    const key = store.keys.taken(policy.name, subject);
    await space.admissions.zadd(key, `-${(Date.now() - 61_000) * 1000}`, 'given back long ago');
    await space.admissions.pexpire(key, 30_000);

    await store.admit({ policy, subject });

    expect(await space.admissions.zcard(key)).toBe(1);
  });

  test('whose expiry is late enough, keep it: nothing is written', async () => {
    const policy = ownPolicy([window(10), bucket(10)]);
    const subject = randomUUID();
    const keys = [store.keys.taken(policy.name, subject), store.keys.bucket(policy.name, 'bucket', subject)];
    const expiries = () => Promise.all(keys.map((key) => space.admissions.pexpiretime(key)));
    await store.admit({ policy, subject });
    const first = await expiries();
    await pause(20);
    await store.admit({ policy, subject });

    expect(await expiries()).toEqual(first);
    expect(Math.min(...first)).toBeGreaterThan(Date.now() + HOUR_MS);
  });
});

describe('the id of a request', () => {
  const repeatOf = async (before: Limit[], after: Limit[], { isReset = false } = {}) => {
    const policy = ownPolicy(before);
    const asked = { policy, subject: randomUUID(), cost: 2, requestId: randomUUID() };
    await store.follow(policy);
    await store.admit(asked);
    if (isReset) await store.reset(asked.subject, policy);
    const next = { ...policy, limits: after };
    await store.follow(next);
    return store.admit({ ...asked, policy: next });
  };

  test.each([
    { kind: 'windows', limits: [window(5), window(4, 60_000, 'other')], remaining: [5, 4] },
    { kind: 'a bucket', limits: [bucket(5)], remaining: [5] },
    { kind: 'a shadow', limits: [{ ...window(5), shadow: true }], remaining: [5] },
  ])('after a reset of $kind, is known and nothing is taken', async ({ limits, remaining }) => {
    const repeat = await repeatOf(limits, limits, { isReset: true });

    expect(repeat).toMatchObject({ admitted: true, isRepeat: true });
    expect(repeat.limits.map((limit) => limit.remaining)).toEqual(remaining);
  });

  test.each([
    { change: 'a renamed window', before: [window(5)], after: [window(5, HOUR_MS, 'renamed')], remaining: 3 },
    { change: 'a removed window', before: [window(5), bucket(9)], after: [bucket(9)], remaining: 7 },
    { change: 'an added window', before: [bucket(9)], after: [bucket(9), window(5)], remaining: 7 },
    {
      change: 'a shadow that is enforced, and has not counted what it did not decide',
      before: [{ ...window(5), shadow: true }],
      after: [window(5)],
      remaining: 5,
    },
  ])('after $change, is known and nothing is taken', async ({ before, after, remaining }) => {
    const repeat = await repeatOf(before, after);

    expect(repeat).toMatchObject({ admitted: true, isRepeat: true });
    expect(repeat.limits[0]?.remaining).toBe(remaining);
  });

  test('that is remembered longer than its window is known when its token is back', async () => {
    const policy = ownPolicy([window(1, 50)]);
    const asked = { policy, subject: randomUUID(), requestId: randomUUID() };
    await store.admit(asked);
    await pause(60);

    expect(await store.admit(asked)).toMatchObject({ isRepeat: true, limits: [{ remaining: 1 }] });
  });
});

describe('a joined call', () => {
  test('a batch with one corrupt key among 100 answers the other 99', async () => {
    const policy = ownPolicy([window(5), bucket(5)]);
    const subjects = Array.from({ length: 100 }, () => randomUUID());
    await space.admissions.set(store.keys.taken(policy.name, subjects[41] ?? ''), 'corrupt');

    const { outcomes } = await store.admitAll(subjects.map((subject) => ({ policy, subject })));

    const faulty = outcomes.flatMap((outcome, at) => (outcome instanceof Error ? [at] : []));
    expect(faulty).toEqual([41]);
    expect(String(outcomes[41])).toMatch(/could not decide: .*WRONGTYPE/);
    expect(await space.admissions.exists(store.keys.bucket(policy.name, 'bucket', subjects[41] ?? ''))).toBe(
      0,
    );
  });

  test('with an entry after its deadline, takes nothing for that one', async () => {
    const policy = ownPolicy([window(5)]);
    const subject = randomUUID();
    const { outcomes } = await store.admitAll([
      { policy, subject, deadlineUs: 1 },
      { policy, subject, deadlineUs: (Date.now() + HOUR_MS) * 1000 },
    ]);

    expect(outcomes).toMatchObject([
      { name: 'DeadlinePassed' },
      { decision: { admitted: true, limits: [{ remaining: 4 }] } },
    ]);
  });
});
