import { Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Overloaded } from '../../../../daemon/grpc/guards/load_limit';
import { patienceOf } from '../../../../daemon/grpc/patience';
import { DeadlinePassed, UnknownPolicy } from '../../../../daemon/quota/errors';

function callWith(deadline: Date | number, { decideByMs }: { decideByMs?: number } = {}) {
  const metadata = new Metadata();
  if (decideByMs !== undefined) metadata.set('quota-decide-by', String(decideByMs));
  return { getDeadline: () => deadline, cancelled: false, metadata, once: (() => undefined) as never };
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

  test('under overload a call may get less time than its caller gives', () => {
    const decideByMs = performance.now() + 15;

    expect(patienceOf(callWith(Number.POSITIVE_INFINITY, { decideByMs })).deadlineMs).toBe(decideByMs);
    expect(patienceOf(callWith(Date.now() + 60_000, { decideByMs })).deadlineMs).toBe(decideByMs);
    expect(patienceOf(callWith(Date.now() - 1, { decideByMs })).deadlineMs).toBeLessThan(decideByMs);
  });

  test('a decision that would come too late for that is rejected as overload', () => {
    const { explain } = patienceOf(callWith(Date.now() + 60_000, { decideByMs: performance.now() }));
    const unknown = new UnknownPolicy('p');

    expect(explain(new DeadlinePassed())).toBeInstanceOf(Overloaded);
    expect(explain(unknown)).toBe(unknown);
  });

  test.each([
    ['that has passed', () => callWith(Date.now() - 1, { decideByMs: performance.now() - 10 })],
    ['that ends sooner', () => callWith(Date.now() - 1, { decideByMs: performance.now() + 1000 })],
    ['alone', () => callWith(Date.now() + 60_000)],
  ])('a deadline of the caller %s is what it is', (_, call) => {
    expect(patienceOf(call()).explain(new DeadlinePassed())).toBeInstanceOf(DeadlinePassed);
  });
});
