import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Limit } from '../../daemon/quota/limits';
import type { Policy } from '../../daemon/quota/policies';
import { DEFAULT_TOP_WINDOW_MS } from '../../daemon/quota/usage';
import { createKeys } from '../../daemon/redis/keys';
import { createRedisStore, type RedisStore } from '../../daemon/redis/store';
import { decisionBy } from '../helpers/conformance/store_factory';
import { policyOf } from '../helpers/limit_store';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { withinOneHour } from '../helpers/wait';

const WINDOW_US = 600_000_000;
const SIZE = 5;
const PARTITIONS = 3;

const limitOf = (algorithm: Limit['algorithm']): Limit => ({
  name: 'only',
  algorithm,
  limit: SIZE,
  windowMs: WINDOW_US / 1000,
});
const windowed = policyOf([limitOf('sliding-window')], {
  name: 'windowed',
  recordsConnections: true,
  rememberMs: WINDOW_US / 1000,
});
const bucketed = policyOf([limitOf('token-bucket')], { name: 'bucketed' });
const forgetful = policyOf([limitOf('token-bucket')], { name: 'forgetful', rememberMs: 0 });
const shadowed = policyOf(
  [limitOf('sliding-window'), { ...limitOf('sliding-window'), name: 'tried', limit: 1, shadow: true }],
  {
    name: 'shadowed',
  },
);
const POLICIES = [windowed, bucketed, forgetful, shadowed];

let space: RedisSpace;
let store: RedisStore;
beforeAll(async () => {
  space = openRedisSpace();
  store = createRedisStore({
    redis: space.admissions,
    calls: space.calls,
    keys: createKeys({ prefix: space.prefix, partitions: PARTITIONS }),
    partitions: PARTITIONS,
    policies: () => POLICIES,
    windowsMs: () => [DEFAULT_TOP_WINDOW_MS],
    logger: pino({ level: 'silent' }),
  });
  await store.open();
});
afterAll(async () => {
  await store.settle();
  await space.close();
});

const admissionOf = (policy: Policy, subject: string, cost = 1) => {
  return { subject, policy: policy.name, cost, requestId: undefined, ownId: randomUUID() };
};

/** Microseconds by the clock of Redis, which is this machine's. */
const nowUs = () => Date.now() * 1000;

async function restore(policy: Policy, subject: string, ...timesUs: number[]): Promise<void> {
  const all = timesUs.map((atUs) => ({ admission: admissionOf(policy, subject), policy, atUs }));
  expect(await store.restore(all)).toEqual(timesUs.map(() => undefined));
}

/** Admissions of new subjects of the windowed policy, each with its cost, as a daemon writes them together. */
const costing = (...costs: number[]) =>
  costs.map((cost) => ({
    admission: admissionOf(windowed, randomUUID(), cost),
    policy: windowed,
    atUs: nowUs(),
  }));

async function statusOf(policy: Policy, subject: string) {
  const [status] = await store.readQuota(subject, policy);
  if (status === undefined) throw new Error('the policy has no limit');
  return status;
}

const usageOf = (subject: string) =>
  store.readUsage(
    {
      recentCount: 100,
      topCount: 0,
      topWindowMs: DEFAULT_TOP_WINDOW_MS,
      leastCount: 0,
      hourCount: 24,
      subject,
    },
    POLICIES.map(({ name }) => name),
  );

describe('admissions that were made without the store', () => {
  test('each counts by its own time in a window', async () => {
    const subject = randomUUID();
    const atUs = nowUs() - WINDOW_US / 2;
    await restore(windowed, subject, nowUs() - WINDOW_US - 1_000_000, atUs);
    const { limits, decidedUs } = await decisionBy(store, admissionOf(windowed, subject), windowed);

    expect(limits).toMatchObject([{ remaining: SIZE - 2 }]);
    expect((await statusOf(windowed, subject)).nextDelayUs).toBeLessThanOrEqual(atUs + WINDOW_US - decidedUs);
  });

  test('with a time to come, counted as now', async () => {
    const subject = randomUUID();
    await restore(windowed, subject, nowUs() + WINDOW_US);

    expect(await statusOf(windowed, subject)).toMatchObject({ remaining: SIZE - 1 });
    expect((await statusOf(windowed, subject)).resetDelayUs).toBeLessThanOrEqual(WINDOW_US);
  });

  test('what would have come back meanwhile is back in a bucket', async () => {
    const subject = randomUUID();
    await restore(bucketed, subject, nowUs() - WINDOW_US / 2, nowUs());

    expect(await statusOf(bucketed, subject)).toMatchObject({ remaining: SIZE - 1 });
  });

  test('the key of a bucket so long ago that it is full again is not kept for ever', async () => {
    const subject = randomUUID();
    await restore(bucketed, subject, nowUs() - 2 * WINDOW_US);

    const keys = (await space.keys('bucket:*')).filter((key) => key.includes(subject));
    expect(keys).toHaveLength(1);
    expect(await space.admissions.pttl(keys[0] ?? '')).toBeGreaterThan(0);
  });

  test('in a bucket that was taken from since, nothing is back', async () => {
    const subject = randomUUID();
    await decisionBy(store, admissionOf(bucketed, subject), bucketed);
    await restore(bucketed, subject, nowUs() - WINDOW_US / 2);

    expect(await statusOf(bucketed, subject)).toMatchObject({ remaining: SIZE - 2 });
  });

  test('more than a bucket holds, one full bucket is missing', async () => {
    const subject = randomUUID();
    await restore(bucketed, subject, ...Array<number>(SIZE * 3).fill(nowUs()));
    const { remaining, resetDelayUs } = await statusOf(bucketed, subject);

    expect(remaining).toBe(0);
    expect(resetDelayUs).toBeLessThanOrEqual(WINDOW_US);
  });

  test('a shadow that has no room takes nothing', async () => {
    const subject = randomUUID();
    await restore(shadowed, subject, nowUs(), nowUs());

    expect(await store.readQuota(subject, shadowed)).toMatchObject([{ remaining: 3 }, { remaining: 0 }]);
  });

  test('a cost above any window is a fault of that one alone, which takes nothing', async () => {
    const all = costing(1, 1001, 2 ** 31 - 1, 2);
    const faults = await store.restore(all);

    expect(faults.map((fault) => fault?.message)).toEqual([
      undefined,
      expect.stringContaining('a cost of 1001 is above 1000'),
      expect.stringContaining('a cost of 2147483647 is above 1000'),
      undefined,
    ]);
    const left = all.map(async ({ admission }) => (await statusOf(windowed, admission.subject)).remaining);
    expect(await Promise.all(left)).toEqual([SIZE - 1, SIZE, SIZE, SIZE - 2]);
  });

  test.each(POLICIES.map((policy) => [policy.name, policy] as const))(
    '%s: one that had reached the store, or is written again, counts once',
    async (_, policy) => {
      const subject = randomUUID();
      const admission = admissionOf(policy, subject);
      const unanswered = { admission, policy, atUs: nowUs() };
      if (policy !== forgetful) await decisionBy(store, admission, policy);
      await store.restore([unanswered]);
      await store.restore([unanswered, unanswered]);

      expect(await statusOf(policy, subject)).toMatchObject({ remaining: SIZE - 1 });
    },
  );

  test('is in the statistics once, in the hour of its time, and never before a later connection', async () => {
    await withinOneHour({ neededMs: 30_000 });
    const subject = randomUUID();
    const before = await usageOf(subject);
    const { decidedUs } = await decisionBy(store, admissionOf(windowed, subject), windowed);
    await restore(windowed, subject, decidedUs - 3_600_000_000);
    const after = await usageOf(subject);

    expect(after.subjectUsage).toMatchObject({ connectionCount: 2 });
    expect(after.recentUsers.find((user) => user.subject === subject)?.connectTimeMs).toBe(decidedUs / 1000);
    const admittedIn = ({ hours }: typeof before, fromEnd: number) =>
      hours.at(fromEnd)?.policies.find(({ policy }) => policy === windowed.name)?.admittedCount ?? 0;
    expect(admittedIn(after, -2) - admittedIn(before, -2)).toBe(1);
  });

  test('those of many subjects in several partitions are all written', async () => {
    const subjects = Array.from({ length: 250 }, () => randomUUID());
    const all = subjects.map((subject) => {
      return { admission: admissionOf(windowed, subject), policy: windowed, atUs: nowUs() };
    });
    await store.restore(all);

    for (const subject of subjects)
      expect(await statusOf(windowed, subject)).toMatchObject({ remaining: SIZE - 1 });
  });
});
