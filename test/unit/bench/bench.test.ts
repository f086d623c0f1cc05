import { expect, test } from '@jest/globals';
import { interleave } from '../../bench/bench';

test('interleave: the steps take turns to be first, and the first round does not count', async () => {
  const order: string[] = [];
  const step = (name: string) => async (round: number) => {
    order.push(`${name}${round}`);
    return { [name]: round };
  };
  const series = await interleave<string>(3, [step('a'), step('b')]);
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'b2', 'b3', 'a3']);
  expect(series).toEqual({ a: [1, 2, 3], b: [1, 2, 3] });
});

test('interleave: a step that measures several things, a series of each', async () => {
  const step = async (round: number) => ({ cpu: round, calls: round * 10 });
  expect(await interleave(2, [step])).toEqual({ cpu: [1, 2], calls: [10, 20] });
});
