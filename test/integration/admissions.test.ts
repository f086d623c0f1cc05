import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Limit } from '../../daemon/quota/limits';
import { admitModel, modelOf } from '../helpers/admission_model';
import { type Ask, type LimitStore, openLimitStore, policyOf } from '../helpers/limit_store';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { quickly, until } from '../helpers/wait';

let space: RedisSpace;
let store: LimitStore;
beforeAll(async () => {
  space = openRedisSpace();
  store = await openLimitStore(space);
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

const ask = (asked: Ask) => store.admit(asked);

describe('admissions', () => {
  test('any sequence of costs and pauses is decided as the reference model decides it', async () => {
    await fc.assert(
      fc.asyncProperty(
        policyArbitrary,
        fc.array(stepArbitrary, { minLength: 1, maxLength: 25 }),
        async (policy, steps) => {
          const subject = randomUUID();
          const model = policy.limits.map(modelOf);
          for (const { cost, pauseMs } of steps) {
            if (pauseMs > 0) await pause(pauseMs);
            const decision = await ask({ policy, subject, cost });
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
  });

  test('a denied request that waits for its retry delay is admitted; asked before, denied', async () => {
    const limits: Limit[] = [
      { name: 'window', algorithm: 'sliding-window', limit: 3, windowMs: 400 },
      { name: 'bucket', algorithm: 'token-bucket', limit: 2, windowMs: 600 },
    ];
    const policy = policyOf(limits);
    const exhaust = async () => {
      const subject = randomUUID();
      await ask({ policy, subject, cost: 2 });
      return { subject, denied: await ask({ policy, subject, cost: 2 }) };
    };
    const { subject, denied } = await quickly('a denial', exhaust, { lessThanMs: 400 });
    const dueUs = denied.decidedUs + (denied.retryDelayUs ?? 0);

    let lastDenied = denied;
    let next = denied;
    while (!next.admitted) {
      lastDenied = next;
      next = await ask({ policy, subject, cost: 2 });
    }

    expect(dueUs).toBeGreaterThan(lastDenied.decidedUs);
    expect(dueUs).toBeLessThanOrEqual(next.decidedUs);
  });

  test('a denied request takes nothing from any limit', async () => {
    const roomy: Limit = { name: 'roomy', algorithm: 'token-bucket', limit: 10, windowMs: 3_600_000 };
    const tight: Limit = { name: 'tight', algorithm: 'sliding-window', limit: 1, windowMs: 3_600_000 };
    const policy = policyOf([roomy, tight]);
    const subject = randomUUID();
    await ask({ policy, subject });

    await ask({ policy, subject });
    const decision = await ask({ policy, subject });

    expect(decision.limits.map(({ name, remaining }) => [name, remaining])).toEqual([
      ['roomy', 9],
      ['tight', 0],
    ]);
  });

  test('a cost above a limit, denied with no retry delay', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 3, windowMs: 1000 }]);

    const decision = await ask({ policy, subject: randomUUID(), cost: 4 });

    expect(decision).toMatchObject({ admitted: false, retryDelayUs: undefined });
  });

  test('a repeated request id gets the same verdict and takes nothing more', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 5, windowMs: 60_000 }]);
    const subject = randomUUID();
    const requestId = randomUUID();
    const first = await ask({ policy, subject, requestId });
    await ask({ policy, subject });

    const repeat = await ask({ policy, subject, requestId });

    expect([first, repeat]).toMatchObject([
      { admitted: true, isRepeat: false, limits: [{ remaining: 4 }] },
      { admitted: true, isRepeat: true, retryDelayUs: undefined, limits: [{ remaining: 3 }] },
    ]);
    expect((await ask({ policy, subject })).limits[0]?.remaining).toBe(2);
  });

  test.each(['sliding-window', 'token-bucket'] as const)(
    'a repeated request of cost 3 to a %s is known again',
    async (algorithm) => {
      const policy = policyOf([{ name: 'limit', algorithm, limit: 5, windowMs: 60_000 }], {
        name: algorithm,
      });
      const asked = { policy, subject: randomUUID(), cost: 3, requestId: randomUUID() };
      await ask(asked);

      const repeat = await ask(asked);

      expect(repeat).toMatchObject({ admitted: true, isRepeat: true, limits: [{ remaining: 2 }] });
    },
  );

  test('a denied request id that is repeated once there is room is decided anew', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 1, windowMs: 50 }]);
    const requestId = randomUUID();
    const exhaust = async () => {
      const subject = randomUUID();
      await ask({ policy, subject });
      return { subject, denied: await ask({ policy, subject, requestId }) };
    };
    const { subject, denied } = await quickly('a denial', exhaust, { lessThanMs: 50 });
    await pause(60);

    const repeat = await ask({ policy, subject, requestId });

    expect([denied.admitted, repeat.admitted]).toEqual([false, true]);
  });

  test('a request id that comes back with another cost is rejected and nothing taken', async () => {
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 5, windowMs: 60_000 }]);
    const subject = randomUUID();
    const requestId = randomUUID();
    await ask({ policy, subject, requestId });

    await expect(ask({ policy, subject, requestId, cost: 2 })).rejects.toThrow(/request_id .* another cost/);

    expect((await ask({ policy, subject })).limits[0]?.remaining).toBe(3);
  });

  test.each([
    ['sliding-window', (windowMs: number) => windowMs],
    ['token-bucket', () => 60_000],
  ] as const)(
    'a %s whose window has grown keeps what was taken beyond the old window',
    async (algorithm, rememberMsOf) => {
      const grow = async () => {
        const name = `grown-${randomUUID()}`;
        const subject = randomUUID();
        const of = (windowMs: number) =>
          policyOf([{ name, algorithm, limit: 2, windowMs }], { name, rememberMs: rememberMsOf(windowMs) });
        const asked = { policy: of(60_000), subject };
        await store.follow(of(1000));
        await ask({ policy: of(1000), subject, cost: 2 });
        await store.follow(asked.policy);
        return { asked, before: await ask(asked) };
      };
      const { asked, before } = await quickly('a window that grows', grow, { lessThanMs: 1000 });
      await pause(1400);

      const after = await ask(asked);

      expect([before.admitted, after.admitted]).toEqual([false, false]);
    },
  );

  test('reading a quota with another window deletes nothing', async () => {
    const subject = randomUUID();
    const limit = { name: 'looked-at', algorithm: 'sliding-window', limit: 2 } as const;
    const policy = policyOf([{ ...limit, windowMs: 60_000 }]);
    await ask({ policy, subject, cost: 2 });
    await pause(20);
    await store.read(subject, policyOf([{ ...limit, windowMs: 5 }]));
    await store.read(subject, policyOf([{ ...limit, algorithm: 'token-bucket', windowMs: 5 }]));

    expect((await ask({ policy, subject })).admitted).toBe(false);
  });

  test('a bucket whose size was changed keeps what was taken', async () => {
    const subject = randomUUID();
    const limit = { name: 'changed', algorithm: 'token-bucket', windowMs: 3_600_000 } as const;
    await ask({ policy: policyOf([{ ...limit, limit: 10 }]), subject, cost: 4 });

    const decision = await ask({ policy: policyOf([{ ...limit, limit: 7 }]), subject });

    expect(decision.limits[0]?.remaining).toBe(2);
  });

  test('a window that passes while the script still runs is returned as of the decision', async () => {
    const slow = Array.from({ length: 15 }, (_, index): Limit => {
      return { name: `slow-${index}`, algorithm: 'sliding-window', limit: 1000, windowMs: 60_000 };
    });
    const short: Limit = { name: 'short', algorithm: 'sliding-window', limit: 1000, windowMs: 1 };

    const decision = await ask({ policy: policyOf([...slow, short]), subject: randomUUID(), cost: 1000 });

    expect(decision.limits.at(-1)).toMatchObject({
      name: 'short',
      remaining: 0,
      resetDelayUs: 1000,
      nextDelayUs: 1000,
    });
  });

  test('every key of a limit expires once all of it is free again', async () => {
    const limits: Limit[] = [
      { name: 'window', algorithm: 'sliding-window', limit: 3, windowMs: 400 },
      { name: 'bucket', algorithm: 'token-bucket', limit: 2, windowMs: 400 },
      { name: 'tried', algorithm: 'sliding-window', limit: 2, windowMs: 400, shadow: true },
    ];
    const policy = policyOf(limits, { rememberMs: 400 });
    const takeOnce = async () => {
      const subject = randomUUID();
      const stateKeys = [
        store.keys.taken(policy.name, subject),
        store.keys.bucket(policy.name, 'bucket', subject),
        store.keys.shadow(policy.name, 'tried', subject),
      ];
      await ask({ policy, subject });
      return { stateKeys, before: await space.admissions.exists(...stateKeys) };
    };
    const { stateKeys, before } = await quickly('a look at the keys', takeOnce, { lessThanMs: 400 });
    await until('they are gone', async () => (await space.admissions.exists(...stateKeys)) === 0);

    expect(before).toBe(3);
  });
});
