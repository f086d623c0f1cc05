import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createStoreClock } from '../../../../daemon/redis/store_clock';

/** The store's clock at the start of this process's. */
const START_US = 1_700_000_000_000_000;

function clock() {
  const jumps: number[] = [];
  return { jumps, clock: createStoreClock({ nowMs: () => 0, onJump: (jumpUs) => jumps.push(jumpUs) }) };
}

/** A reply that took so long, of a store whose clock is right apart from what is given. */
function reading({ atMs, tookMs = 0, aheadUs = 0 }: { atMs: number; tookMs?: number; aheadUs?: number }) {
  return {
    sentMs: atMs - tookMs / 2,
    receivedMs: atMs + tookMs / 2,
    storeUs: START_US + atMs * 1000 + aheadUs,
  };
}

describe('store clock', () => {
  test('nothing read yet means no deadline', () => {
    expect(clock().clock.deadlineUs(5)).toBeUndefined();
  });

  test('a reply gives the offset, with half of the round trip as its error', () => {
    const { clock: store } = clock();

    store.observe(reading({ atMs: 0, tookMs: 4 }));

    expect(store.estimate()).toEqual({ offsetUs: START_US, errorUs: 2001 });
  });

  test('a slow reply after a quick one leaves the quick one counting', () => {
    const { clock: store } = clock();
    store.observe(reading({ atMs: 0, tookMs: 2 }));

    store.observe(reading({ atMs: 10, tookMs: 400, aheadUs: 50_000 }));

    expect(store.estimate()?.offsetUs).toBe(START_US);
  });

  test('a quick reply that is old is replaced by a slower one', () => {
    const { clock: store } = clock();
    store.observe(reading({ atMs: 0, tookMs: 2 }));

    store.observe(reading({ atMs: 60_000, tookMs: 20, aheadUs: 5000 }));

    expect(store.estimate()?.offsetUs).toBe(START_US + 5000);
  });

  test('replies of a clock that drifts never make a deadline later than the real one', () => {
    const reply = fc.record({
      gapMs: fc.integer({ min: 0, max: 60_000 }),
      outMs: fc.integer({ min: 0, max: 300 }),
      backMs: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(
        fc.array(reply, { minLength: 1 }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (replies, driftUs) => {
          const { clock: store, jumps } = clock();
          const storeUs = (ms: number) => START_US + ms * 1000 + ms * driftUs;
          let ms = 0;
          for (const { gapMs, outMs, backMs } of replies) {
            ms += gapMs;
            store.observe({
              sentMs: ms,
              receivedMs: ms + outMs + backMs,
              storeUs: Math.floor(storeUs(ms + outMs)),
            });
            ms += outMs + backMs;
            expect(store.deadlineUs(ms + 500)).toBeLessThanOrEqual(storeUs(ms + 500));
          }
          expect(jumps).toEqual([]);
        },
      ),
    );
  });

  test.each([
    ['forward', 3_600_000_000],
    ['back', -3_600_000_000],
  ])('a clock that is set %s is reported once and followed', (_, aheadUs) => {
    const { clock: store, jumps } = clock();
    store.observe(reading({ atMs: 0, tookMs: 2 }));

    store.observe(reading({ atMs: 1000, tookMs: 2, aheadUs }));
    store.observe(reading({ atMs: 2000, tookMs: 2, aheadUs }));

    expect(jumps).toHaveLength(1);
    expect(Math.abs((jumps[0] ?? 0) - aheadUs)).toBeLessThan(10_000);
    expect(store.estimate()?.offsetUs).toBe(START_US + aheadUs);
  });

  test('a clock that is off by a little is followed and not reported', () => {
    const { clock: store, jumps } = clock();
    store.observe(reading({ atMs: 0, tookMs: 2 }));

    store.observe(reading({ atMs: 1000, tookMs: 10, aheadUs: 50_000 }));

    expect(jumps).toEqual([]);
    expect(store.estimate()?.offsetUs).toBe(START_US + 50_000);
  });

  test('a new connection knows nothing until its first reply', () => {
    const { clock: store } = clock();
    store.observe(reading({ atMs: 0, tookMs: 2 }));
    store.reset();
    const before = store.deadlineUs(5);

    store.observe(reading({ atMs: 1000, tookMs: 200 }));

    expect(before).toBeUndefined();
    expect(store.estimate()?.errorUs).toBeGreaterThan(100_000);
  });

  test('a clock that was set between two connections is reported', () => {
    const { clock: store, jumps } = clock();
    store.observe(reading({ atMs: 0, tookMs: 2 }));
    store.reset();

    store.observe(reading({ atMs: 1000, tookMs: 2, aheadUs: -7_200_000_000 }));

    expect(jumps).toHaveLength(1);
  });
});
