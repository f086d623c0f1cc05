import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMemoryLimits } from '../../../../daemon/memory/limits';
import { policyOf } from '../../../helpers/limit_store';

const SIZE = 20;
const policy = policyOf([{ name: 'only', algorithm: 'token-bucket', limit: SIZE, windowMs: 600 }]);
const target = { subject: 'ada', policy: policy.name, limitName: 'only' };

/** A step after some time: two calls of a store are never at the same microsecond. */
const after = <T>(does: fc.Arbitrary<T>) =>
  fc.record({
    pauseUs: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 200_000 })),
    does,
  });

const taking = fc.record({ cost: fc.integer({ min: 1, max: 8 }) });

const stepsArbitrary = fc.array(
  after(fc.oneof(taking, fc.record({ lowered: fc.nat(SIZE - 1) }), fc.constant('clear' as const))),
  { maxLength: 8 },
);

interface Step {
  readonly pauseUs: number;
  readonly does: { cost: number; requestId?: string } | { lowered: number } | 'clear' | 'nothing';
}

const isTaking = ({ does }: Step) => typeof does === 'object' && 'cost' in does;

/** A bucket after these steps. */
function bucketAfter(steps: readonly Step[]) {
  const clock = { nowUs: 1_700_000_000_000_000 };
  const limits = createMemoryLimits({ nowUs: () => clock.nowUs });
  const clear = () => limits.clearOverride(target);
  const resetDelayUs = () => limits.readQuota(target.subject, policy)[0]?.resetDelayUs ?? 0;

  function follow({ pauseUs, does }: Step): boolean {
    clock.nowUs += pauseUs;
    if (does === 'clear') clear();
    else if (does === 'nothing') return false;
    else if ('cost' in does)
      return limits.admit({ ...target, requestId: undefined, ...does }, policy).admitted;
    else limits.setOverride({ ...target, limit: does.lowered, expireTimeMs: undefined, setBy: 'test' });
    return false;
  }

  const isAdmitted = steps.map(follow);
  clock.nowUs += 1;
  return {
    isAdmitted,
    refund: (requestId: string) => limits.refund({ ...target, requestId }, policy),
    /** Time until it is full, as it stands and without an override. */
    resetDelaysUs() {
      const lowered = resetDelayUs();
      clear();
      return { lowered, whole: resetDelayUs() };
    },
  };
}

describe('refund: a token bucket that overrides lower', () => {
  test('no less is missing than before the refund or without the request', () => {
    const requestId = randomUUID();
    const property = fc.property(stepsArbitrary, after(taking), stepsArbitrary, (earlier, asked, later) => {
      const stepsWith = (step: Step): Step[] => [...earlier, step, ...later];
      const steps = stepsWith({ ...asked, does: { ...asked.does, requestId } });
      const { isAdmitted, ...kept } = bucketAfter(steps);
      fc.pre(isAdmitted[earlier.length] === true);
      const refunded = bucketAfter(steps);
      refunded.refund(requestId);
      const admitted = stepsWith({ ...asked, does: 'nothing' }).map((step, at): Step => {
        return isTaking(step) && !isAdmitted[at] ? { ...step, does: 'nothing' } : step;
      });
      const without = bucketAfter(admitted);
      fc.pre(admitted.every((step, at) => !isTaking(step) || without.isAdmitted[at]));

      const [before, never, now] = [kept, without, refunded].map((bucket) => bucket.resetDelaysUs());
      expect(now?.lowered).toBeGreaterThanOrEqual(Math.min(before?.lowered ?? 0, never?.lowered ?? 0));
      expect(now?.whole).toBeGreaterThanOrEqual(Math.min(before?.whole ?? 0, never?.whole ?? 0));
    });
    fc.assert(property, { numRuns: 3000 });
  });
});
