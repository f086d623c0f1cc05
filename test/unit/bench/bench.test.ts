import { expect, test } from '@jest/globals';
import { interleave, Spoiled } from '../../bench/bench';

test('interleave: the steps take turns to be first, and the first round does not count', async () => {
  const order: string[] = [];
  const step = (name: string) => async () => {
    order.push(name);
    return { [name]: order.length };
  };
  const series = await interleave<string>(3, [step('a'), step('b')]);
  expect(order.join('')).toBe('abbaabba');
  expect(series).toEqual({ a: [4, 5, 8], b: [3, 6, 7] });
});

test('interleave: a step that measures several things has a series of each', async () => {
  let count = 0;
  const step = async () => {
    count += 1;
    return { cpu: count, calls: count * 10 };
  };
  expect(await interleave(2, [step])).toEqual({ cpu: [2, 3], calls: [20, 30] });
});

test('interleave: a spoiled step is done again with another number', async () => {
  const turns: number[] = [];
  const step = async (turn: number) => {
    turns.push(turn);
    if (turns.length === 2) throw new Spoiled('calls failed');
    return { value: turn };
  };
  expect(await interleave(1, [step])).toEqual({ value: [3] });
  expect(turns).toEqual([1, 2, 3]);
});

test('interleave: a step that is spoiled again and again throws', async () => {
  const step = async () => {
    throw new Spoiled('calls failed');
  };
  await expect(interleave(1, [step])).rejects.toThrow('calls failed');
});

test('interleave: any other failure throws at once', async () => {
  let count = 0;
  const step = async () => {
    count += 1;
    throw new Error('no workers');
  };
  await expect(interleave(1, [step])).rejects.toThrow('no workers');
  expect(count).toBe(1);
});
