import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMemoryLimits } from '../../../../daemon/memory/limits';
import { ALGORITHM_NAMES } from '../../../../daemon/quota/algorithms/registry';
import type { Limit } from '../../../../daemon/quota/limits';
import { policyOf } from '../../../helpers/limit_store';

const START_US = 1_700_000_000_000_000;

const limitsArbitrary = fc
  .array(
    fc.record({
      algorithm: fc.constantFrom(...ALGORITHM_NAMES),
      limit: fc.integer({ min: 1, max: 7 }),
      windowMs: fc.integer({ min: 1, max: 300 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((limits) => limits.map((limit, at) => ({ name: `limit-${at}`, ...limit }) as Limit));

const stepsArbitrary = fc.array(
  fc.record({ cost: fc.integer({ min: 1, max: 3 }), pauseUs: fc.integer({ min: 0, max: 90_000 }) }),
  { maxLength: 20 },
);

describe('a standing that is learnt', () => {
  test('any past and any policy have the numbers as reported, and are never more free later than they would have been', () => {
    const property = fc.property(
      limitsArbitrary,
      stepsArbitrary,
      fc.nat(400_000),
      (limits, steps, laterUs) => {
        const clock = { nowUs: START_US };
        const policy = policyOf(limits);
        const known = createMemoryLimits({ nowUs: () => clock.nowUs });
        const learning = createMemoryLimits({ nowUs: () => clock.nowUs });
        for (const { cost, pauseUs } of steps) {
          clock.nowUs += pauseUs;
          known.admit({ subject: 'ada', policy: policy.name, cost, requestId: undefined }, policy);
        }
        const reported = known.readQuota('ada', policy);
        learning.learn('ada', policy, { limits: reported, atUs: clock.nowUs });
        expect(learning.readQuota('ada', policy).map(({ remaining }) => remaining)).toEqual(
          reported.map(({ remaining }) => remaining),
        );
        clock.nowUs += laterUs;
        const exact = known.readQuota('ada', policy);
        for (const [at, { remaining }] of learning.readQuota('ada', policy).entries())
          expect(remaining).toBeLessThanOrEqual(exact[at]?.remaining ?? 0);
      },
    );
    fc.assert(property, { numRuns: 1000 });
  });
});
