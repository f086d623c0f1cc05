import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Limit } from '../../daemon/quota/limits';
import type { Policy } from '../../daemon/quota/policies';
import { type AdmissionResult, admit } from '../../daemon/redis/admissions';
import { createKeys } from '../../daemon/redis/keys';
import { readQuota } from '../../daemon/redis/quotas';
import { admitModel, modelOf } from '../helpers/admission_model';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
beforeAll(() => {
  space = openRedisSpace();
});
afterAll(() => space.close());

/** Windows so short that many of them pass within one test. */
const limitArbitrary = fc.record({
  algorithm: fc.constantFrom('sliding-window' as const, 'token-bucket' as const),
  limit: fc.integer({ min: 1, max: 7 }),
  windowMs: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 120 })),
});

const policyArbitrary = fc
  .array(limitArbitrary, { minLength: 1, maxLength: 4 })
  .map((limits) => policyOf(limits.map((limit, index) => ({ name: `limit-${index}`, ...limit }))));

/** A cost that sometimes is more than a limit can ever give, and a pause before it that is often none. */
const stepArbitrary = fc.record({
  cost: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }) },
  ),
  pauseMs: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }) },
  ),
});

function policyOf(limits: Limit[]): Policy {
  return { name: 'tried', limits, recordsConnections: false, onStoreFailure: 'deny' };
}

function ask({
  policy,
  subject,
  cost = 1,
  requestId,
}: {
  policy: Policy;
  subject: string;
  cost?: number;
  requestId?: string;
}): Promise<AdmissionResult> {
  const keys = createKeys({ prefix: space.prefix, partitions: 1 });
  return admit({ redis: space.admissions, keys }, { subject, policy: policy.name, cost, requestId }, policy);
}

describe('admissions', () => {
  test('any sequence of costs and pauses, decided as the reference model decides it', async () => {
    await fc.assert(
      fc.asyncProperty(
        policyArbitrary,
        fc.array(stepArbitrary, { minLength: 1, maxLength: 25 }),
        async (policy, steps) => {
          const subject = randomUUID();
          const model = policy.limits.map(modelOf);
          for (const { cost, pauseMs } of steps) {
            if (pauseMs > 0) await pause(pauseMs);
            const { decision } = await ask({ policy, subject, cost });
            const { admitted, retryDelayUs, limits, decidedUs } = decision;
            const statuses = limits.map(({ name, remaining, resetDelayUs, nextDelayUs }) => ({
              name,
              remaining,
              resetDelayUs,
              nextDelayUs,
            }));
            expect({ admitted, retryDelayUs, limits: statuses }).toEqual(admitModel(model, cost, decidedUs));
          }
        },
      ),
      { numRuns: 120, interruptAfterTimeLimit: 25_000 },
    );
  }, 60_000);

  test('a denied request that waits for its retry delay, admitted; asked before, denied', async () => {
    const limits: Limit[] = [
      { name: 'window', algorithm: 'sliding-window', limit: 3, windowMs: 400 },
      { name: 'bucket', algorithm: 'token-bucket', limit: 2, windowMs: 600 },
    ];
    const policy = policyOf(limits);
    const subject = randomUUID();
    await ask({ policy, subject, cost: 2 });
    const denied = await ask({ policy, subject, cost: 2 });
    const dueUs = denied.decision.decidedUs + (denied.decision.retryDelayUs ?? 0);

    let lastDenied = denied;
    let next = denied;
    while (!next.decision.admitted) {
      lastDenied = next;
      next = await ask({ policy, subject, cost: 2 });
    }

    expect(dueUs).toBeGreaterThan(lastDenied.decision.decidedUs);
    expect(dueUs).toBeLessThanOrEqual(next.decision.decidedUs);
  });

  test('a refused request, takes nothing from any limit', async () => {
    const roomy: Limit = { name: 'roomy', algorithm: 'token-bucket', limit: 10, windowMs: 3_600_000 };
    const tight: Limit = { name: 'tight', algorithm: 'sliding-window', limit: 1, windowMs: 3_600_000 };
    const policy = policyOf([roomy, tight]);
    const subject = randomUUID();
    await ask({ policy, subject });

    await ask({ policy, subject });
    const { decision } = await ask({ policy, subject });

    expect(decision.limits.map(({ name, remaining }) => [name, remaining])).toEqual([
      ['roomy', 9],
      ['tight', 0],
    ]);
  });

  test('a cost above a limit, denied with no retry delay', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 3, windowMs: 1000 }]);

    const { decision } = await ask({ policy, subject: randomUUID(), cost: 4 });

    expect(decision).toMatchObject({ admitted: false, retryDelayUs: undefined });
  });

  test('a repeated request id, the same answer and nothing more taken', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 5, windowMs: 60_000 }]);
    const subject = randomUUID();
    const requestId = randomUUID();
    const first = await ask({ policy, subject, requestId });
    await ask({ policy, subject });

    const repeat = await ask({ policy, subject, requestId });

    expect(repeat.decision).toEqual(first.decision);
    expect((await ask({ policy, subject })).decision.limits[0]?.remaining).toBe(2);
  });

  test('a repeat of what an earlier version answered, the same answer with no next delay', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 5, windowMs: 60_000 }]);
    const [subject, requestId] = [randomUUID(), randomUUID()];
    const { decision } = await ask({ policy, subject, requestId });
    const key = createKeys({ prefix: space.prefix, partitions: 1 }).admission(
      policy.name,
      subject,
      requestId,
    );
    const { next_delays_us, ...earlier } = JSON.parse((await space.admissions.get(key)) ?? '');
    await space.admissions.set(key, JSON.stringify(earlier));

    const repeat = await ask({ policy, subject, requestId });

    expect(next_delays_us).toEqual([60_000_000]);
    expect(repeat.decision.limits).toEqual([{ ...decision.limits[0], nextDelayUs: undefined }]);
  });

  test('what is remembered of an answer, as an earlier version reads it: eight values a limit', async () => {
    const limit = { algorithm: 'token-bucket', limit: 5, windowMs: 60_000 } as const;
    const policy = policyOf([
      { ...limit, name: 'one' },
      { ...limit, name: 'two' },
    ]);
    const [subject, requestId] = [randomUUID(), randomUUID()];
    await ask({ policy, subject, requestId });
    const keys = createKeys({ prefix: space.prefix, partitions: 1 });
    const memory = await space.admissions.get(keys.admission(policy.name, subject, requestId));

    const values = [5, 4, 60_000_000, 12_000_000, 0, 0, 0];
    expect(JSON.parse(memory ?? '')).toMatchObject({ statuses: ['one', ...values, 'two', ...values] });
  });

  test('a denied request id that is repeated once there is room, decided anew', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 1, windowMs: 50 }]);
    const subject = randomUUID();
    const requestId = randomUUID();
    await ask({ policy, subject });
    const denied = await ask({ policy, subject, requestId });
    await pause(60);

    const repeat = await ask({ policy, subject, requestId });

    expect([denied.decision.admitted, repeat.decision.admitted]).toEqual([false, true]);
  });

  test('a request id that comes back with another cost, refused and nothing taken', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 5, windowMs: 60_000 }]);
    const subject = randomUUID();
    const requestId = randomUUID();
    await ask({ policy, subject, requestId });

    await expect(ask({ policy, subject, requestId, cost: 2 })).rejects.toThrow(/request_id .* another cost/);

    expect((await ask({ policy, subject })).decision.limits[0]?.remaining).toBe(3);
  });

  test('a store whose clock has gone back, never gives a token back early', async () => {
    const window: Limit = { name: 'window', algorithm: 'sliding-window', limit: 1, windowMs: 60_000 };
    const policy = policyOf([window]);
    const subject = randomUUID();
    const key = createKeys({ prefix: space.prefix, partitions: 1 }).limit(policy.name, window.name, subject);
    const aheadUs = (Date.now() + 3_600_000) * 1000;
    await space.admissions.zadd(key, aheadUs, `${aheadUs}-1`);

    const { decision } = await ask({ policy, subject });

    expect(decision.decidedUs).toBe(aheadUs);
    // The window, and the hour that the clock has to come up again.
    expect(decision.admitted).toBe(false);
    expect(decision.retryDelayUs).toBeGreaterThan(60_000_000 + 3_590_000_000);
  });

  test('a limit whose algorithm was changed, starts anew instead of failing', async () => {
    const subject = randomUUID();
    const limit = { name: 'changed', limit: 5, windowMs: 60_000 };
    await ask({ policy: policyOf([{ ...limit, algorithm: 'sliding-window' }]), subject });

    const { decision } = await ask({ policy: policyOf([{ ...limit, algorithm: 'token-bucket' }]), subject });

    expect(decision.limits[0]?.remaining).toBe(4);
  });

  test.each(['sliding-window', 'token-bucket'] as const)(
    'a %s whose window has grown, keeps what was taken beyond the old window',
    async (algorithm) => {
      const subject = randomUUID();
      const limit = { name: 'grown', algorithm, limit: 2 };
      const grown = policyOf([{ ...limit, windowMs: 60_000 }]);
      await ask({ policy: policyOf([{ ...limit, windowMs: 80 }]), subject, cost: 2 });
      const before = await ask({ policy: grown, subject });
      await pause(120);

      const after = await ask({ policy: grown, subject });

      expect([before.decision.admitted, after.decision.admitted]).toEqual([false, false]);
    },
  );

  test('a look at a quota with another window, throws nothing away', async () => {
    const subject = randomUUID();
    const limit = { name: 'looked-at', algorithm: 'sliding-window', limit: 2 } as const;
    const policy = policyOf([{ ...limit, windowMs: 60_000 }]);
    await ask({ policy, subject, cost: 2 });
    await pause(20);
    const keys = createKeys({ prefix: space.prefix, partitions: 1 });
    await readQuota({ redis: space.admissions, keys }, subject, policyOf([{ ...limit, windowMs: 5 }]));
    await readQuota(
      { redis: space.admissions, keys },
      subject,
      policyOf([{ ...limit, algorithm: 'token-bucket', windowMs: 5 }]),
    );

    expect((await ask({ policy, subject })).decision.admitted).toBe(false);
  });

  test('a bucket whose size was changed, keeps what was taken', async () => {
    const subject = randomUUID();
    const limit = { name: 'changed', algorithm: 'token-bucket', windowMs: 3_600_000 } as const;
    await ask({ policy: policyOf([{ ...limit, limit: 10 }]), subject, cost: 4 });

    const { decision } = await ask({ policy: policyOf([{ ...limit, limit: 7 }]), subject });

    expect(decision.limits[0]?.remaining).toBe(2);
  });

  test('a window that passes while the script still runs, told as it stood at the decision', async () => {
    const slow = Array.from({ length: 15 }, (_, index): Limit => {
      return { name: `slow-${index}`, algorithm: 'sliding-window', limit: 1000, windowMs: 60_000 };
    });
    const short: Limit = { name: 'short', algorithm: 'sliding-window', limit: 1000, windowMs: 1 };

    const { decision } = await ask({ policy: policyOf([...slow, short]), subject: randomUUID(), cost: 1000 });

    expect(decision.limits.at(-1)).toMatchObject({
      name: 'short',
      remaining: 0,
      resetDelayUs: 1000,
      nextDelayUs: 1000,
    });
  });

  test('every key of a limit, expires once all of it is free again', async () => {
    const limits: Limit[] = [
      { name: 'window', algorithm: 'sliding-window', limit: 3, windowMs: 40 },
      { name: 'bucket', algorithm: 'token-bucket', limit: 2, windowMs: 40 },
    ];
    const policy = policyOf(limits);
    const subject = randomUUID();
    const keys = createKeys({ prefix: space.prefix, partitions: 1 });
    const stateKeys = limits.map(({ name }) => keys.limit(policy.name, name, subject));
    await ask({ policy, subject });
    const before = await space.admissions.exists(...stateKeys);
    await pause(80);

    expect([before, await space.admissions.exists(...stateKeys)]).toEqual([2, 0]);
  });
});
