import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ALGORITHM_NAMES } from '../../../daemon/quota/algorithms/registry';
import { InvalidRequest } from '../../../daemon/quota/errors';
import type { Limit } from '../../../daemon/quota/limits';
import type { ServiceCall } from '../../../daemon/quota/usage';
import { ask, HOUR_MS, openedStore, policyOf, type StoreFactory } from './store_factory';

/** A fault of the request's id, and of nothing else. */
const refusedId = expect.objectContaining({
  name: InvalidRequest.name,
  faults: [expect.objectContaining({ field: 'request_id' })],
});

/** What is asked again under the id that it had. */
export function describeRequestIds(open: StoreFactory): void {
  describe.each(ALGORITHM_NAMES)('admit, an id: %s', (algorithm) => {
    const store = openedStore(open);
    const limit: Limit = { name: 'only', algorithm, limit: 5, windowMs: HOUR_MS };
    const policy = policyOf('identified', [limit]);

    test('a repeat is admitted again and takes nothing more', async () => {
      const asked = { policy, subject: randomUUID(), cost: 3, requestId: randomUUID() };
      const first = await ask(store(), asked);
      const repeat = await ask(store(), asked);

      expect([first, repeat]).toMatchObject([
        { admitted: true, isRepeat: false, limits: [{ remaining: 2 }] },
        { admitted: true, isRepeat: true, retryDelayUs: undefined, limits: [{ remaining: 2 }] },
      ]);
    });

    test('a request sent many times at once takes once', async () => {
      const asked = { policy, subject: randomUUID(), cost: 3, requestId: randomUUID() };
      const decisions = await Promise.all(Array.from({ length: 8 }, () => ask(store(), asked)));

      expect(decisions.filter(({ isRepeat }) => !isRepeat)).toHaveLength(1);
      expect(decisions.every(({ admitted }) => admitted)).toBe(true);
    });

    test('repeated once all is taken, admitted again', async () => {
      const asked = { policy, subject: randomUUID(), cost: 4, requestId: randomUUID() };
      await ask(store(), asked);
      await ask(store(), { policy, subject: asked.subject });

      expect(await ask(store(), asked)).toMatchObject({
        admitted: true,
        isRepeat: true,
        limits: [{ remaining: 0 }],
      });
    });

    test('a repeat with another cost is rejected and takes nothing', async () => {
      const asked = { policy, subject: randomUUID(), requestId: randomUUID() };
      await ask(store(), asked);

      await expect(ask(store(), { ...asked, cost: 2 })).rejects.toEqual(refusedId);

      expect(await store().readQuota(asked.subject, policy)).toMatchObject([{ remaining: 4 }]);
    });

    test('a repeat of a denial is decided anew', async () => {
      const asked = { policy, subject: randomUUID(), requestId: randomUUID() };
      await ask(store(), { policy, subject: asked.subject, cost: 5 });
      const denied = await ask(store(), asked);
      await store().resetQuota(asked.subject, [policy]);

      expect([denied, await ask(store(), asked)]).toMatchObject([
        { admitted: false, isRepeat: false },
        { admitted: true, isRepeat: false },
      ]);
    });

    test('the same id with another subject or another policy is another request', async () => {
      const requestId = randomUUID();
      const subject = randomUUID();
      const decisions = [
        await ask(store(), { policy, subject, requestId }),
        await ask(store(), { policy, subject: randomUUID(), requestId }),
        await ask(store(), { policy: policyOf('elsewhere', [limit]), subject, requestId }),
      ];

      expect(decisions.map(({ isRepeat }) => isRepeat)).toEqual([false, false, false]);
    });
  });

  describe('recordCall', () => {
    const store = openedStore(open);
    const callOf = (rest: Partial<ServiceCall> = {}): ServiceCall => {
      return { subject: randomUUID(), service: 'sale', requestId: undefined, callTimeMs: undefined, ...rest };
    };

    test('two calls without an id are both recorded', async () => {
      const call = callOf();

      expect([await store().recordCall(call), await store().recordCall(call)]).toEqual([true, true]);
    });

    test('an id that is repeated is recorded once', async () => {
      const call = callOf({ requestId: randomUUID() });

      expect(await Promise.all([1, 2, 3].map(() => store().recordCall(call)))).toEqual([true, false, false]);
    });

    test('an id that comes back with another service is rejected', async () => {
      const call = callOf({ requestId: randomUUID() });
      await store().recordCall(call);

      await expect(store().recordCall({ ...call, service: 'purchase' })).rejects.toEqual(refusedId);
    });
  });
}
