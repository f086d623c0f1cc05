import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMemoryLimits } from '../../../../daemon/memory/limits';
import { ALGORITHM_NAMES } from '../../../../daemon/quota/algorithms/registry';
import {
  InvalidRequest,
  RefundedRequest,
  StoreUnavailable,
  UnknownRequest,
} from '../../../../daemon/quota/errors';
import type { Limit } from '../../../../daemon/quota/limits';
import type { Policy } from '../../../../daemon/quota/policies';
import { policyOf } from '../../../helpers/limit_store';
import { createStoreModel } from '../../../helpers/store_model';

const SUBJECTS = ['ada', 'bob'];
const IDS = Array.from({ length: 6 }, () => randomUUID());
const START_US = 1_700_000_000_000_000;

const limitArbitrary = fc.record({
  algorithm: fc.constantFrom(...ALGORITHM_NAMES),
  limit: fc.integer({ min: 1, max: 7 }),
  windowMs: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 50, max: 400 })),
  shadow: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
});

const limitsArbitrary = fc
  .array(limitArbitrary, { minLength: 1, maxLength: 4 })
  .map((limits) => limits.map((limit, at) => ({ name: `limit-${at}`, ...limit }) as Limit));

const target = { subject: fc.constantFrom(...SUBJECTS), limitAt: fc.nat(3) };

const stepArbitrary = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      subject: fc.constantFrom(...SUBJECTS),
      cost: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 })),
      requestId: fc.option(fc.constantFrom(...IDS), { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ pauseUs: fc.oneof(fc.nat(3), fc.nat(2000), fc.nat(100_000)) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ subject: fc.constantFrom(...SUBJECTS), refund: fc.constantFrom(...IDS) }),
  },
  { weight: 1, arbitrary: fc.record({ reset: fc.constantFrom(...SUBJECTS) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      ...target,
      size: fc.nat(9),
      endsInMs: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...target, clear: fc.constant(true) }) },
);

/** Overrides that lower buckets, also to nothing, and end, with what was taken before and under them given back. */
const bucketArbitrary = fc
  .record({ limit: fc.integer({ min: 1, max: 7 }), windowMs: fc.integer({ min: 1, max: 400 }) })
  .map((size): Limit[] => [{ name: 'limit-0', algorithm: 'token-bucket', ...size }]);

type Step = typeof stepArbitrary extends fc.Arbitrary<infer Each> ? Each : never;

/** The memory and the reference, to which the same happens at the same moments of one clock. */
function createPair(policy: Policy) {
  const clock = { nowUs: START_US };
  const limits = createMemoryLimits({ nowUs: () => clock.nowUs });
  const model = createStoreModel();
  const nameAt = (at: number) => policy.limits[at % policy.limits.length]?.name ?? '';

  function admit({ subject, cost, requestId }: Extract<Step, { cost: number }>): void {
    const asked = { policy, subject, cost, requestId, deadlineUs: undefined };
    const expected = model.decide(asked, clock.nowUs);
    const decide = () => limits.admit({ subject, policy: policy.name, cost, requestId }, policy);
    if (typeof expected === 'string') {
      expect(decide).toThrow(expected === 'refunded' ? RefundedRequest : InvalidRequest);
      return;
    }
    const { idCount, ...decision } = expected;
    expect(decide()).toEqual({ ...decision, decidedUs: clock.nowUs });
  }

  function refund(subject: string, requestId: string): void {
    const expected = model.refund(subject, policy, requestId, clock.nowUs);
    const give = () => limits.refund({ subject, policy: policy.name, requestId }, policy);
    if (expected === 'unknown') expect(give).toThrow(UnknownRequest);
    else expect(give()).toMatchObject(expected);
  }

  return (step: Step): void => {
    if ('pauseUs' in step) clock.nowUs += step.pauseUs;
    else if ('refund' in step) refund(step.subject, step.refund);
    else if ('reset' in step) {
      limits.resetQuota(step.reset, [policy]);
      model.reset(step.reset, policy, clock.nowUs);
    } else if ('size' in step) {
      const { subject, limitAt, size, endsInMs } = step;
      const expireTimeMs = endsInMs && Math.floor(clock.nowUs / 1000) + endsInMs;
      const limitName = nameAt(limitAt);
      limits.setOverride({
        subject,
        policy: policy.name,
        limitName,
        limit: size,
        expireTimeMs,
        setBy: 'test',
      });
      model.override(subject, policy, limitName, size, expireTimeMs);
    } else if ('clear' in step) {
      const limitName = nameAt(step.limitAt);
      limits.clearOverride({ subject: step.subject, policy: policy.name, limitName });
      model.clear(step.subject, policy, limitName);
    } else admit(step);
  };
}

describe('memory limits', () => {
  test.each([
    ['any policy', limitsArbitrary],
    ['a token bucket', bucketArbitrary],
  ])('%s and anything that happens are decided as the reference decides', (_, arbitrary) => {
    const stepsArbitrary = fc.array(stepArbitrary, { minLength: 1, maxLength: 60 });
    const property = fc.property(arbitrary, stepsArbitrary, (limits, steps) => {
      const follow = createPair(policyOf(limits));
      for (const step of steps) follow(step);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  const window: Limit = { name: 'only', algorithm: 'sliding-window', limit: 2, windowMs: 1000 };
  const bucket: Limit = { ...window, algorithm: 'token-bucket' };

  test('decides on a known subject and not on an unknown one if it is full', () => {
    const limits = createMemoryLimits({ nowUs: () => START_US, capacity: 1 });
    const policy = policyOf([window]);
    const ask = (subject: string) =>
      limits.admit({ subject, policy: policy.name, cost: 1, requestId: undefined }, policy).admitted;

    expect([ask('ada'), ask('ada'), ask('ada')]).toEqual([true, true, false]);
    expect(() => ask('bob')).toThrow(StoreUnavailable);
    expect(limits.size).toBe(1);
  });

  test('full, and one has nothing out any more, an unknown subject takes its place', () => {
    const clock = { nowUs: START_US };
    const limits = createMemoryLimits({ nowUs: () => clock.nowUs, capacity: 1 });
    const policy = policyOf([window], { rememberMs: 60_000 });
    const ask = (subject: string) =>
      limits.admit({ subject, policy: policy.name, cost: 1, requestId: undefined }, policy).admitted;
    ask('ada');
    clock.nowUs += 59_999_999;
    expect(() => ask('bob')).toThrow(StoreUnavailable);
    clock.nowUs += 1_000_000;

    expect(ask('bob')).toBe(true);
  });

  test.each([
    ['a window that becomes a bucket', window, bucket],
    ['a bucket that becomes a window', bucket, window],
  ])('%s: what was taken stays taken', (_, before, after) => {
    const limits = createMemoryLimits({ nowUs: () => START_US });
    const admission = { subject: 'ada', policy: 'tried', cost: 2, requestId: undefined };
    limits.admit(admission, policyOf([before]));
    const changed = policyOf([after]);

    expect(limits.admit({ ...admission, cost: 1 }, changed).admitted).toBe(false);
    expect(limits.readQuota('ada', changed)).toMatchObject([{ remaining: 0 }]);
  });
});
