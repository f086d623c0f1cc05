import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ALGORITHM_NAMES, type AlgorithmName } from '../../../daemon/quota/algorithms/registry';
import { DeadlinePassed } from '../../../daemon/quota/errors';
import type { Limit } from '../../../daemon/quota/limits';
import { admitModel, modelOf } from '../admission_model';
import { ask, HOUR_MS, openedStore, policyOf, remainingOf, type StoreFactory } from './store_factory';

/** A cost that sometimes is more than a limit can ever give, and a pause before it that is often none. */
const stepArbitrary = fc.record({
  cost: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }) },
  ),
  pauseMs: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) },
  ),
});

/** Windows so short that many of them pass within one test. */
function policyArbitrary(algorithms: readonly AlgorithmName[]) {
  const limit = fc.record({
    algorithm: fc.constantFrom(...algorithms),
    limit: fc.integer({ min: 1, max: 7 }),
    windowMs: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 120 })),
  });
  return fc.array(limit, { minLength: 1, maxLength: 4 }).map((limits) =>
    policyOf(
      'generated',
      limits.map((each, index) => ({ name: `limit-${index}`, ...each })),
    ),
  );
}

/** Decisions on admissions: each algorithm by itself, and several limits together. */
export function describeAdmissions(open: StoreFactory): void {
  describe.each(ALGORITHM_NAMES)('admit, one limit: %s', (algorithm) => {
    const store = openedStore(open);
    const policy = policyOf('single', [{ name: 'only', algorithm, limit: 7, windowMs: HOUR_MS }]);

    test('any costs and pauses are decided as the reference decides', async () => {
      await decidesAsReference(store, [algorithm]);
    });

    test('of more simultaneous requests than the limit, exactly the limit is admitted', async () => {
      const subject = randomUUID();
      const decisions = await Promise.all(
        Array.from({ length: 20 }, () => ask(store(), { policy, subject })),
      );

      expect(decisions.filter(({ admitted }) => admitted)).toHaveLength(7);
    });

    test('a cost above what remains is denied and nothing taken', async () => {
      const subject = randomUUID();
      await ask(store(), { policy, subject, cost: 5 });
      const denied = await ask(store(), { policy, subject, cost: 3 });
      const next = await ask(store(), { policy, subject, cost: 2 });

      expect(denied).toMatchObject({ admitted: false, limits: [{ name: 'only', remaining: 2 }] });
      expect(denied.retryDelayUs).toBeGreaterThan(0);
      expect(next).toMatchObject({ admitted: true, retryDelayUs: undefined, limits: [{ remaining: 0 }] });
    });

    test('a cost above the limit is denied for good', async () => {
      expect(await ask(store(), { policy, cost: 8 })).toMatchObject({
        admitted: false,
        retryDelayUs: undefined,
      });
    });

    test('two subjects, neither takes from the other', async () => {
      await ask(store(), { policy, subject: randomUUID(), cost: 7 });

      expect((await ask(store(), { policy, subject: randomUUID(), cost: 7 })).admitted).toBe(true);
    });

    test('a shadow limit that is used up, reported and denies nothing', async () => {
      const shadow: Limit = { name: 'tried', algorithm, limit: 2, windowMs: HOUR_MS, shadow: true };
      const shadowed = policyOf('shadowed', [...policy.limits, shadow]);
      const subject = randomUUID();
      await ask(store(), { policy: shadowed, subject, cost: 2 });
      const { admitted, limits } = await ask(store(), { policy: shadowed, subject });

      expect([admitted, remainingOf(limits)]).toEqual([true, { only: 4, tried: 0 }]);
      expect(limits.map(({ name, shadow, shadowDenied }) => [name, shadow, shadowDenied]).sort()).toEqual([
        ['only', false, false],
        ['tried', true, true],
      ]);
    });
  });

  describe('admit, several limits', () => {
    const store = openedStore(open);

    test('any costs and pauses are decided as the reference decides', async () => {
      await decidesAsReference(store, ALGORITHM_NAMES);
    });

    test('one limit that is used up takes nothing from the others', async () => {
      const roomy = ALGORITHM_NAMES.map((algorithm): Limit => {
        return { name: `roomy-${algorithm}`, algorithm, limit: 10, windowMs: HOUR_MS };
      });
      for (const algorithm of ALGORITHM_NAMES) {
        const tight: Limit = { name: 'tight', algorithm, limit: 1, windowMs: HOUR_MS };
        const policy = policyOf(`tight-${algorithm}`, [...roomy, tight]);
        const subject = randomUUID();
        await ask(store(), { policy, subject });
        const denied = await ask(store(), { policy, subject });

        const untouched = Object.fromEntries(roomy.map(({ name }) => [name, 9]));
        expect([denied.admitted, remainingOf(denied.limits)]).toEqual([false, { ...untouched, tight: 0 }]);
      }
    });
  });

  describe('admit, a deadline', () => {
    const store = openedStore(open);
    const policy = policyOf('patient', [
      { name: 'only', algorithm: 'sliding-window', limit: 2, windowMs: HOUR_MS },
    ]);

    test.each([
      ['that has passed', { deadlineMs: 0 }],
      ['of a caller that has given up', { isGivenUp: () => true }],
    ])('%s is DeadlinePassed, and takes nothing', async (_, patience) => {
      const subject = randomUUID();
      await expect(ask(store(), { policy, subject, patience })).rejects.toBeInstanceOf(DeadlinePassed);

      expect(await store().readQuota(subject, policy)).toMatchObject([{ remaining: 2 }]);
    });

    test('one that is far away is decided', async () => {
      const patience = { deadlineMs: performance.now() + HOUR_MS, isGivenUp: () => false };

      expect((await ask(store(), { policy, patience })).admitted).toBe(true);
    });
  });
}

/** The store says when it decided: the reference decides at the same moment. */
async function decidesAsReference(
  store: ReturnType<typeof openedStore>,
  algorithms: readonly AlgorithmName[],
): Promise<void> {
  const steps = fc.array(stepArbitrary, { minLength: 1, maxLength: 20 });
  const property = fc.asyncProperty(policyArbitrary(algorithms), steps, async (policy, asked) => {
    const subject = randomUUID();
    const model = policy.limits.map(modelOf);
    for (const { cost, pauseMs } of asked) {
      if (pauseMs > 0) await pause(pauseMs);
      const { admitted, retryDelayUs, limits, decidedUs } = await ask(store(), { policy, subject, cost });
      const statuses = limits.map(({ name, remaining, resetDelayUs, nextDelayUs }) => {
        return { name, remaining, resetDelayUs, nextDelayUs };
      });
      const expected = admitModel(model, cost, decidedUs);
      expect({ admitted, retryDelayUs }).toEqual({
        admitted: expected.admitted,
        retryDelayUs: expected.retryDelayUs,
      });
      expect(byName(statuses)).toEqual(byName(expected.limits));
    }
  });
  await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 20_000 });
}

function byName<Named extends { name: string }>(list: readonly Named[]): Named[] {
  return list.toSorted((a, b) => a.name.localeCompare(b.name));
}
