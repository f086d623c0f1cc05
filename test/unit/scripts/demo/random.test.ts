import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../../../scripts/demo/random';

const draw = (seed: number, count = 1000) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.next());
};
const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

describe('random', () => {
  test('the same seed makes the same numbers; another makes others', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test('numbers are spread evenly from 0 to 1', () => {
    const numbers = draw(1);

    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(mean(numbers)).toBeCloseTo(0.5, 1);
  });

  test('between: gives every whole number from the least to the most', () => {
    const random = createRandom(1);
    const numbers = Array.from({ length: 200 }, () => random.between(3, 5));

    expect([...new Set(numbers)].sort()).toEqual([3, 4, 5]);
  });

  test('poisson has its mean on average', () => {
    const random = createRandom(1);

    expect(mean(Array.from({ length: 2000 }, () => random.poisson(2.4)))).toBeCloseTo(2.4, 0);
    expect(random.poisson(0)).toBe(0);
  });
});
