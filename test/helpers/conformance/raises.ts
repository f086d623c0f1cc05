import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Limit } from '../../../daemon/quota/limits';
import type { NewOverride } from '../../../daemon/quota/overrides';
import type { BoundedRaise } from '../../../daemon/quota/raises';
import { until } from '../wait';
import { ask, HOUR_MS, openedStore, policyOf, type StoreFactory } from './store_factory';

const LIMIT: Limit = { name: 'only', algorithm: 'sliding-window', limit: 5, windowMs: HOUR_MS };
const POLICY = policyOf('raised', [LIMIT]);

/** Limits that are raised for a time. */
export function describeRaises(open: StoreFactory): void {
  describe('a limit that is raised', () => {
    const store = openedStore(open, { policies: [POLICY] });
    const targetOf = (subject: string) => ({ subject, policy: POLICY.name, limitName: LIMIT.name });
    const raise = (subject: string, { limit = 9, durationMs = HOUR_MS }: Partial<BoundedRaise> = {}) =>
      store().raiseLimit({ ...targetOf(subject), limit, durationMs, configuredLimit: 5, setBy: 'site' });
    const operator = (subject: string, rest: Partial<NewOverride>) =>
      store().setOverride({ ...targetOf(subject), limit: 8, expireTimeMs: undefined, setBy: 'ops', ...rest });
    const limitOf = async (subject: string) => (await store().readQuota(subject, POLICY))[0]?.limit;

    test('a subject that is blocked is admitted up to the new size, for so long by the clock of the store', async () => {
      const subject = randomUUID();
      await ask(store(), { policy: POLICY, subject, cost: 5 });
      const set = await raise(subject);

      expect((set?.expireTimeMs ?? 0) - (set?.setTimeMs ?? 0)).toBe(HOUR_MS);
      expect(set).toMatchObject({ ...targetOf(subject), limit: 9, setBy: 'site' });
      expect(await ask(store(), { policy: POLICY, subject, cost: 4 })).toMatchObject({ admitted: true });
      expect(await ask(store(), { policy: POLICY, subject })).toMatchObject({ admitted: false });
    });

    test('a raise is replaced by a larger and longer one', async () => {
      const subject = randomUUID();
      await raise(subject);
      const set = await raise(subject, { limit: 10, durationMs: 2 * HOUR_MS });

      expect([set?.limit, await limitOf(subject)]).toEqual([10, 10]);
    });

    test.each([
      ['smaller', { limit: 8, durationMs: 2 * HOUR_MS }],
      ['for a shorter time', { limit: 10, durationMs: HOUR_MS / 2 }],
    ])('a raise %s than before leaves it as it was', async (_, second) => {
      const subject = randomUUID();
      await raise(subject);

      expect([await raise(subject, second), await limitOf(subject)]).toEqual([undefined, 9]);
    });

    test.each([
      ['lowered', { limit: 0 }],
      ['lowered for a while', { limit: 4, expireTimeMs: Date.now() + HOUR_MS / 2 }],
      ['set for good', { limit: 8 }],
      ['set larger', { limit: 12, expireTimeMs: Date.now() + HOUR_MS / 2 }],
    ])('what an operator has %s stays as it was', async (_, override) => {
      const subject = randomUUID();
      await operator(subject, override);

      expect([await raise(subject), await limitOf(subject)]).toEqual([undefined, override.limit]);
    });

    test('what an operator has lowered for a while is raised once that has ended', async () => {
      const subject = randomUUID();
      await operator(subject, { limit: 0, expireTimeMs: Date.now() + 200 });
      await until('the override has ended', async () => (await limitOf(subject)) === 5);
      await raise(subject);

      expect(await limitOf(subject)).toBe(9);
    });
  });
}
