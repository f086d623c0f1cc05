import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../../../scripts/demo/random';
import { createSubjects } from '../../../bench/simulation/subjects';

const WINDOW_US = 1_000;

function subjectsOf({ limit = 2, rate = 0, startsEmpty = true, seed = 1 } = {}) {
  const random = createRandom(seed);
  return createSubjects({ limit, windowUs: WINDOW_US, rateOf: () => rate, startsEmpty, random });
}

describe('subjects', () => {
  test('take one token for each call, and get it back one window later', () => {
    const subjects = subjectsOf();
    expect([0, 10, 20, 999, 1_000, 1_005, 1_010].map((us) => subjects.take(1, us))).toEqual([
      0, 0, 1_000, 1_000, 0, 1_010, 0,
    ]);
  });

  test('have a window each', () => {
    const subjects = subjectsOf({ limit: 1 });
    expect([subjects.take(1, 0), subjects.take(2, 0), subjects.take(1, 1)]).toEqual([0, 0, 1_000]);
  });

  /** Erlang's B formula: the share of calls that find all tokens taken. */
  function erlangB(limit: number, load: number): number {
    let blocked = 1;
    for (let tokens = 1; tokens <= limit; tokens += 1) blocked = (load * blocked) / (tokens + load * blocked);
    return blocked;
  }

  test.each([0.5, 5, 10, 40])(
    'that start as in the long run, at %d calls a window of 10, are denied as often as Erlang says',
    (load) => {
      const random = createRandom(3);
      const rate = load / WINDOW_US;
      const subjects = subjectsOf({ limit: 10, rate, startsEmpty: false });
      const calls = 40_000;
      let denied = 0;
      // Each subject is only asked once, so it must have begun as it would have become.
      for (let subject = 0; subject < calls; subject += 1)
        if (subjects.take(subject, random.next() * WINDOW_US) > 0) denied += 1;

      const expected = erlangB(10, load) * calls;
      expect(Math.abs(denied - expected)).toBeLessThan(5 * Math.sqrt(expected) + 1);
    },
  );

  test('that start as in the long run, are denied until a token that comes back within the window', () => {
    const nextUs = subjectsOf({ limit: 3, rate: 1_000, startsEmpty: false }).take(1, 500);
    expect(nextUs).toBeGreaterThan(500);
    expect(nextUs).toBeLessThan(500 + WINDOW_US);
  });
});
