import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPastDecider } from '../../../../daemon/memory/past';
import type { Limit } from '../../../../daemon/quota/limits';
import type { PastRequest } from '../../../../daemon/quota/replay';
import { admitModel, modelOf } from '../../../helpers/admission_model';
import { policyOf } from '../../../helpers/limit_store';

const single: Limit = { name: 'window', algorithm: 'sliding-window', limit: 1, windowMs: 1000 };

const request = (timeMs: number, rest: Partial<PastRequest> = {}): PastRequest => ({
  subject: 'ada',
  policy: 'tried',
  cost: 1,
  timeMs,
  admitted: true,
  ...rest,
});

const limitArbitrary = fc.record({
  algorithm: fc.constantFrom('sliding-window' as const, 'token-bucket' as const),
  limit: fc.integer({ min: 1, max: 7 }),
  windowMs: fc.integer({ min: 1, max: 200 }),
});

const stepArbitrary = fc.record({
  cost: fc.integer({ min: 1, max: 8 }),
  pauseMs: fc.integer({ min: 0, max: 90 }),
});

describe('past decider', () => {
  test('any limits and any past are decided as the reference decides', () => {
    const limitsArbitrary = fc.array(limitArbitrary, { minLength: 1, maxLength: 3 });
    const stepsArbitrary = fc.array(stepArbitrary, { maxLength: 40 });
    const property = fc.property(limitsArbitrary, stepsArbitrary, (limits, steps) => {
      const named = limits.map((limit, index) => ({ name: `limit-${index}`, ...limit }));
      const policy = policyOf(named);
      const decide = createPastDecider();
      const model = named.map(modelOf);
      let timeMs = 1_000_000;
      for (const { cost, pauseMs } of steps) {
        timeMs += pauseMs;
        const expected = admitModel(model, cost, timeMs * 1000).admitted;
        expect(decide(request(timeMs, { cost }), policy)).toBe(expected);
      }
    });
    fc.assert(property);
  });

  test('two subjects whose times overlap are each counted by themselves', () => {
    const decide = createPastDecider();
    const policy = policyOf([single]);
    const decided = (['ada 5', 'bob 1', 'ada 6', 'bob 1001'] as const).map((each) => {
      const [subject = '', timeMs] = each.split(' ');
      return decide(request(Number(timeMs), { subject }), policy);
    });

    expect(decided).toEqual([true, true, false, true]);
  });

  test('a shadow limit denies nothing', () => {
    const decide = createPastDecider();
    const policy = policyOf([{ ...single, shadow: true }]);

    expect([decide(request(1), policy), decide(request(1), policy)]).toEqual([true, true]);
  });

  test('a refund of that moment is given back once, and none that was not admitted', () => {
    const decide = createPastDecider();
    const policy = policyOf([{ ...single, limit: 2 }]);
    const refund = (timeMs: number) => decide(request(timeMs, { refundedTimeMs: 1 }), policy);
    const decided = [decide(request(1), policy), decide(request(1), policy), decide(request(1), policy)];
    for (const timeMs of [2, 3, 4]) refund(timeMs);
    decided.push(decide(request(5), policy), decide(request(6), policy), decide(request(7), policy));

    expect(decided).toEqual([true, true, false, true, true, false]);
  });
});
