import { describe, expect, test } from '@jest/globals';
import { createLeavingCallers } from '../../../../../daemon/grpc/listening/leaving_callers';

function start() {
  const clock = { ms: 0 };
  const callers = createLeavingCallers(() => clock.ms);
  /** So many requests, of which this share is left by its callers, evenly. */
  function see(count: number, share: number): void {
    for (let at = 0; at < count; at += 1) {
      const isLeft = Math.floor((at + 1) * share) > Math.floor(at * share);
      if (isLeft) callers.left();
      else callers.answered();
    }
  }
  return { clock, callers, see };
}

describe('leaving callers', () => {
  test('while few leave, a request may have any age', () => {
    const { callers, see } = start();
    see(10_000, 0.04);

    expect(callers.mostAgeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('when many leave, less and less is decided late, down to a bound', () => {
    const { callers, see } = start();
    see(200, 0.1);
    const afterSome = callers.mostAgeMs();
    see(10_000, 0.1);

    expect(afterSome).toBeLessThan(100);
    expect(afterSome).toBeGreaterThan(15);
    expect(callers.mostAgeMs()).toBeLessThan(16);
  });

  test('once fewer than one in a hundred leave, later ones are decided again', () => {
    const { callers, see } = start();
    see(10_000, 0.1);
    see(2000, 0.005);

    expect(callers.mostAgeMs()).toBeGreaterThan(20);
    see(20_000, 0.001);
    expect(callers.mostAgeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('a second after the last one has left, all is as before', () => {
    const { callers, see, clock } = start();
    see(10_000, 0.1);
    clock.ms = 999;
    expect(callers.mostAgeMs()).toBeLessThan(16);

    clock.ms = 1000;
    expect(callers.mostAgeMs()).toBe(Number.POSITIVE_INFINITY);
    callers.left();
    expect(callers.mostAgeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('one that leaves long after the others limits nothing', () => {
    const { callers, see, clock } = start();
    see(10_000, 0.1);
    clock.ms = 600_000;
    callers.left();

    expect(callers.mostAgeMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
