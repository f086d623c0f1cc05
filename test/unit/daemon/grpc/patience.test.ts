import { describe, expect, test } from '@jest/globals';
import { patienceOf } from '../../../../daemon/grpc/patience';

function callWith(deadline: Date | number, cancelled = false) {
  return { getDeadline: () => deadline, cancelled, once: (() => undefined) as never };
}

describe('patience', () => {
  test('a call without a deadline has none', () => {
    expect(patienceOf(callWith(Number.POSITIVE_INFINITY)).deadlineMs).toBeUndefined();
  });

  test.each([
    ['a date', () => new Date(Date.now() + 60_000)],
    ['milliseconds', () => Date.now() + 60_000],
  ])('a deadline as %s is a moment of the monotonic clock', (_, deadline) => {
    const { deadlineMs = 0 } = patienceOf(callWith(deadline()));

    expect(Math.round((deadlineMs - performance.now()) / 10_000)).toBe(6);
  });

  test('a caller that leaves later is given up', () => {
    const call = callWith(Number.POSITIVE_INFINITY);
    const { isGivenUp } = patienceOf(call);
    const before = isGivenUp?.();
    call.cancelled = true;

    expect([before, isGivenUp?.()]).toEqual([false, true]);
  });
});
