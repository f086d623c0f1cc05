import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ALGORITHM_NAMES } from '../../../daemon/quota/algorithms/registry';
import type { Limit } from '../../../daemon/quota/limits';
import type { NewOverride } from '../../../daemon/quota/overrides';
import { until } from '../wait';
import { allOverrides } from './override_lists';
import { ask, HOUR_MS, openedStore, policyOf, remainingOf, type StoreFactory } from './store_factory';

/** What operators read and change. */
export function describeOperators(open: StoreFactory): void {
  describe.each(ALGORITHM_NAMES)('a quota: %s', (algorithm) => {
    const limit: Limit = { name: 'only', algorithm, limit: 5, windowMs: HOUR_MS };
    const policy = policyOf('operated', [limit]);
    const store = openedStore(open, { policies: [policy] });
    const overrideOf = (subject: string, rest: Partial<NewOverride> = {}): NewOverride => {
      const target = { subject, policy: policy.name, limitName: limit.name };
      return { ...target, limit: 9, expireTimeMs: undefined, setBy: 'alice', ...rest };
    };

    test('a subject that has done nothing has all of it free', async () => {
      expect(await store().readQuota(randomUUID(), policy)).toEqual([
        {
          name: 'only',
          limit: 5,
          remaining: 5,
          windowUs: HOUR_MS * 1000,
          resetDelayUs: 0,
          nextDelayUs: 0,
          shadow: false,
          shadowDenied: false,
          overridden: false,
        },
      ]);
    });

    test('that is read takes nothing', async () => {
      const subject = randomUUID();
      await ask(store(), { policy, subject, cost: 2 });
      await store().readQuota(subject, policy);
      const [status] = await store().readQuota(subject, policy);

      expect(status).toMatchObject({ remaining: 3, overridden: false });
      expect(status?.nextDelayUs).toBeGreaterThan(0);
      expect(status?.resetDelayUs).toBeGreaterThanOrEqual(status?.nextDelayUs ?? 0);
    });

    test('a subject that is reset has all of it free, once', async () => {
      const subject = randomUUID();
      await ask(store(), { policy, subject, cost: 5 });
      const counts = [
        await store().resetQuota(subject, [policy]),
        await store().resetQuota(subject, [policy]),
      ];

      expect(counts).toEqual([1, 0]);
      expect(await ask(store(), { policy, subject, cost: 5 })).toMatchObject({ admitted: true });
    });

    test('that is reset, the requests stay known', async () => {
      const asked = { policy, subject: randomUUID(), cost: 2, requestId: randomUUID() };
      await ask(store(), asked);
      await store().resetQuota(asked.subject, [policy]);

      expect(await ask(store(), asked)).toMatchObject({ isRepeat: true, limits: [{ remaining: 5 }] });
    });

    test('with an override, its size holds for that subject alone and what was taken stays taken', async () => {
      const subject = randomUUID();
      await ask(store(), { policy, subject, cost: 5 });
      const set = await store().setOverride(overrideOf(subject));
      const overridden = await ask(store(), { policy, subject });
      const other = await ask(store(), { policy });

      expect(set).toEqual({ ...overrideOf(subject), setTimeMs: expect.any(Number) });
      expect(overridden).toMatchObject({
        admitted: true,
        limits: [{ limit: 9, remaining: 3, overridden: true }],
      });
      expect(other.limits).toMatchObject([{ limit: 5, remaining: 4, overridden: false }]);
    });

    test('a subject with an override of 0 is denied for good', async () => {
      const subject = randomUUID();
      await store().setOverride(overrideOf(subject, { limit: 0 }));

      expect(await ask(store(), { policy, subject })).toMatchObject({
        admitted: false,
        retryDelayUs: undefined,
        limits: [{ limit: 0, remaining: 0, nextDelayUs: 0 }],
      });
    });

    test('a subject with an override of 0 that ends is denied until then at the latest', async () => {
      const subject = randomUUID();
      const expireTimeMs = Date.now() + HOUR_MS;
      await store().setOverride(overrideOf(subject, { limit: 0, expireTimeMs }));
      const { admitted, retryDelayUs, decidedUs } = await ask(store(), { policy, subject });

      expect([admitted, (retryDelayUs ?? 0) + decidedUs]).toEqual([false, expireTimeMs * 1000]);
    });

    test('with an override that has ended, the policy decides again and it is not listed', async () => {
      const subject = randomUUID();
      await store().setOverride(overrideOf(subject, { expireTimeMs: Date.now() + 200 }));
      await until('the override has ended', async () => {
        return (await store().readQuota(subject, policy))[0]?.limit === 5;
      });

      expect(await allOverrides(store(), subject)).toEqual([]);
    });

    test('an override whose end has passed sets nothing', async () => {
      const subject = randomUUID();

      expect(await store().setOverride(overrideOf(subject, { expireTimeMs: 1 }))).toBeUndefined();
      expect(await store().readQuota(subject, policy)).toMatchObject([{ limit: 5, overridden: false }]);
    });

    test('whose override is cleared, the policy decides again; cleared again, there was none', async () => {
      const subject = randomUUID();
      await store().setOverride(overrideOf(subject));
      const target = overrideOf(subject);

      expect([await store().clearOverride(target), await store().clearOverride(target)]).toEqual([
        true,
        false,
      ]);
      expect(await store().readQuota(subject, policy)).toMatchObject([{ limit: 5, overridden: false }]);
    });
  });

  describe('the quotas of several policies', () => {
    const limits = ALGORITHM_NAMES.map((algorithm): Limit => {
      return { name: algorithm, algorithm, limit: 5, windowMs: HOUR_MS };
    });
    const policies = [policyOf('first', limits), policyOf('second', limits)] as const;
    const store = openedStore(open, { policies });

    test('reset together, the limits that had something taken are counted', async () => {
      const subject = randomUUID();
      for (const policy of policies) await ask(store(), { policy, subject });

      expect(await store().resetQuota(subject, policies)).toBe(2 * ALGORITHM_NAMES.length);
      for (const policy of policies) {
        const remaining = Object.fromEntries(ALGORITHM_NAMES.map((algorithm) => [algorithm, 5]));
        expect(remainingOf(await store().readQuota(subject, policy))).toEqual(remaining);
      }
    });

    test('a subject reset in one policy keeps the other', async () => {
      const subject = randomUUID();
      for (const policy of policies) await ask(store(), { policy, subject });
      await store().resetQuota(subject, [policies[0]]);

      expect(remainingOf(await store().readQuota(subject, policies[1]))).toEqual(
        Object.fromEntries(ALGORITHM_NAMES.map((algorithm) => [algorithm, 4])),
      );
    });
  });
}
