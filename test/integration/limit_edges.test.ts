import { randomUUID } from 'node:crypto';
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
const SIZE = 5;

const rate = (algorithm: Limit['algorithm'], limit = SIZE, windowMs = HOUR_MS): Limit => {
  return { name: 'rate', algorithm, limit, windowMs };
};
const ownPolicy = (limits: Limit[]) => policyOf(limits, { name: `p-${randomUUID()}`, rememberMs: HOUR_MS });

describe('a limit whose algorithm has changed lately', () => {
  test.each([
    { from: 'sliding-window', to: 'token-bucket', more: 0 },
    { from: 'sliding-window', to: 'token-bucket', more: 1 },
    { from: 'token-bucket', to: 'sliding-window', more: 0 },
    { from: 'token-bucket', to: 'sliding-window', more: 1 },
  ] as const)(
    'from $from to $to, reset after $more admissions: all of it is free',
    async ({ from, to, more }) => {
      const before = ownPolicy([rate(from)]);
      const after = { ...before, limits: [rate(to)] };
      const subject = randomUUID();
      await store.follow(before);
      await store.admit({ policy: before, subject, cost: 3 });
      await store.follow(after);
      for (let call = 0; call < more; call += 1) await store.admit({ policy: after, subject });

      expect(await store.reset(subject, after)).toBe(1);
      expect(await store.read(subject, after)).toMatchObject([{ remaining: SIZE }]);
    },
  );

  test('a limit that became a window twice never admits more than the limit, by whichever algorithm', async () => {
    const bucket = ownPolicy([rate('token-bucket')]);
    const window = { ...bucket, limits: [rate('sliding-window')] };
    const subject = randomUUID();
    await store.follow(bucket);
    await store.admit({ policy: bucket, subject, cost: 2 });
    await store.follow(window);
    await store.admit({ policy: window, subject });
    await store.follow(bucket);
    await store.admit({ policy: bucket, subject, cost: 2 });
    await store.follow(window);

    for (let call = 0; call < 2; call += 1)
      expect(await store.admit({ policy: window, subject })).toMatchObject({ admitted: false });
  });
});

describe('takings', () => {
  test('more than a set should hold keeps those that count', async () => {
    const policy = ownPolicy([rate('sliding-window', 1000)]);
    const shorter = { ...policy, limits: [rate('sliding-window', 1000, 1000)] };
    const subject = randomUUID();
    const key = store.keys.taken(policy.name, subject);
    const fromUs = (Date.now() - 60_000) * 1000;
    for (let from = 0; from < 100_500; from += 1500) {
      const members = Array.from({ length: 1500 }, (_, at) => [String(fromUs + from + at), randomUUID()]);
      await space.admissions.zadd(key, ...members.flat());
    }
    await space.admissions.pexpire(key, 60_000);

    await store.admit({ policy: shorter, subject });

    expect(await store.admit({ policy, subject })).toMatchObject({ admitted: false });
  });
});
