import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { durationMs, durationOfUs } from '../../../../daemon/grpc/time';

describe('durationOfUs', () => {
  test.each([
    [0, { seconds: 0, nanos: 0 }],
    [1, { seconds: 0, nanos: 1000 }],
    [999_999, { seconds: 0, nanos: 999_999_000 }],
    [1_000_000, { seconds: 1, nanos: 0 }],
    [600_000_001, { seconds: 600, nanos: 1000 }],
  ])('%d microseconds are seconds and nanoseconds', (us, duration) => {
    expect(durationOfUs(us)).toEqual(duration);
  });

  test('any whole number of milliseconds comes back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 366 * 86_400_000 }), (ms) => {
        expect(durationMs(durationOfUs(ms * 1000))).toBe(ms);
      }),
    );
  });
});

describe('durationMs', () => {
  test.each([
    [{ seconds: 0, nanos: 999_999 }, 0],
    [{ seconds: 0, nanos: 1_999_999 }, 1],
    [{ seconds: 2, nanos: 5_000_000 }, 2005],
    [{ seconds: -1, nanos: 0 }, -1000],
    [{ seconds: 0, nanos: -1 }, -1],
  ])('%j is rounded down to whole milliseconds', (duration, ms) => {
    expect(durationMs(duration)).toBe(ms);
  });
});
