import { describe, expect, test } from '@jest/globals';
import { createPace, type Pace } from '../../../../../daemon/redis/usage/pace';

/** Notes steps of a Redis to which each pair costs so much, besides what a step costs. */
function run(pace: Pace, { steps, usPerPair }: { steps: number; usPerPair: number }): number[] {
  return Array.from({ length: steps }, () => {
    const tookUs = 150 + pace.budget * usPerPair;
    pace.note({ tookUs, hasMore: true });
    return tookUs;
  });
}

describe('pace of folding', () => {
  test.each([0.5, 5, 15, 25])(
    'pairs of %d µs: steps of two milliseconds at most once it has learned',
    (usPerPair) => {
      const pace = createPace();
      run(pace, { steps: 40, usPerPair });
      const tookUs = run(pace, { steps: 100, usPerPair });

      expect(Math.max(...tookUs)).toBeLessThan(2000);
    },
  );

  test('a Redis that became faster gets larger steps again', () => {
    const pace = createPace();
    run(pace, { steps: 20, usPerPair: 40 });
    const slow = pace.budget;
    run(pace, { steps: 60, usPerPair: 1 });

    expect(pace.budget).toBeGreaterThan(4 * slow);
  });

  test('a machine that is busy all the time gets no less than one whole entry', () => {
    const pace = createPace();
    run(pace, { steps: 100, usPerPair: 1000 });

    expect(pace.budget).toBe(64);
  });

  test('a single pause takes half of the budget at most', () => {
    const pace = createPace();
    const before = pace.budget;
    pace.note({ tookUs: 1_000_000, hasMore: true });

    expect(pace.budget).toBe(before / 2);
  });

  test('steps that had all they wanted, or whose time is not known, change nothing', () => {
    const pace = createPace();
    const before = pace.budget;
    pace.note({ tookUs: 10, hasMore: false });
    pace.note({ tookUs: 0, hasMore: true });

    expect(pace.budget).toBe(before);
  });

  test('however fast Redis is, no more than the most', () => {
    const pace = createPace();
    run(pace, { steps: 1000, usPerPair: 0 });

    expect(pace.budget).toBe(512);
  });
});
