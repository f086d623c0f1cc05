import { expect, test } from '@jest/globals';
import { createRandom } from '../../../../scripts/demo/random';
import { createZipf, zipfShares } from '../../../bench/simulation/zipf';

const DRAWS = 200_000;

test.each([0, 0.5, 1, 1.2, 2])(
  'zipf: exponent %d, each rank is drawn as often as its share says',
  (exponent) => {
    const law = { count: 50, exponent };
    const next = createZipf(law, createRandom(7));
    const shareOf = zipfShares(law);
    const counts = new Array<number>(law.count + 1).fill(0);
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const rank = next();
      counts[rank] = (counts[rank] ?? 0) + 1;
    }

    for (let rank = 1; rank <= law.count; rank += 1) {
      const expected = DRAWS * shareOf(rank);
      // Five standard deviations of a count.
      expect(Math.abs((counts[rank] ?? 0) - expected)).toBeLessThan(5 * Math.sqrt(expected) + 1);
    }
  },
);

test.each([
  [10, 1],
  [100_000, 0.8],
  [100_000, 1],
  [100_000, 1.3],
])('zipf: the shares of %i ranks with exponent %d add up to 1', (count, exponent) => {
  const shareOf = zipfShares({ count, exponent });
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) sum += shareOf(rank);
  expect(sum).toBeCloseTo(1, 6);
});

test('zipf: one rank, is drawn always', () => {
  const next = createZipf({ count: 1, exponent: 1 }, createRandom(1));
  expect([next(), next(), next()]).toEqual([1, 1, 1]);
});
