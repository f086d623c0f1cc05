import { expect, test } from '@jest/globals';
import { type FigureSpec, judge } from '../../../bench/figures/figure';

const atMost: FigureSpec = { name: 'a.most', title: 'at most', unit: '', bound: { is: '≤', value: 2 } };
const atLeast: FigureSpec = { name: 'a.least', title: 'at least', unit: '', bound: { is: '≥', value: 2 } };
const below: FigureSpec = { name: 'a.below', title: 'below', unit: '', bound: { is: '<', value: 2 } };
const flat: FigureSpec = { name: 'a.flat', title: 'flat', unit: '', bound: { is: '1 ±', value: 0.1 } };
const free: FigureSpec = { name: 'a.free', title: 'without a bound', unit: '' };

test('judge: the median of the rounds decides, with its spread', () => {
  const result = judge(atMost, { rounds: [1, 9, 2] });
  expect(result).toMatchObject({ value: 2, spread: { least: 1, most: 9 }, isMet: true });
});

test.each([
  { spec: atMost, rounds: [2.01], isMet: false },
  { spec: atMost, rounds: [2], isMet: true },
  { spec: atLeast, rounds: [1.99], isMet: false },
  { spec: atLeast, rounds: [2], isMet: true },
  { spec: below, rounds: [2], isMet: false },
  { spec: below, rounds: [1.99], isMet: true },
  { spec: flat, rounds: [0.89], isMet: false },
  { spec: flat, rounds: [0.9], isMet: true },
  { spec: flat, rounds: [1.1], isMet: true },
  { spec: flat, rounds: [1.11], isMet: false },
  { spec: free, rounds: [99], isMet: true },
])('judge: $rounds of a figure $spec.title $spec.bound.value is met: $isMet', ({ spec, rounds, isMet }) => {
  expect(judge(spec, { rounds }).isMet).toBe(isMet);
});

test('judge: no number is missed', () => {
  expect(judge(atMost, { rounds: [Number.NaN] }).isMet).toBe(false);
});

test('judge: not measured is missed and says why', () => {
  expect(judge(atMost, new Error('no workers'))).toMatchObject({ isMet: false, failure: 'no workers' });
});

test('judge: parts have the median of each', () => {
  const parts = { 'daemon µs': [1, 3, 2], 'client µs': [5, 5, 9] };
  expect(judge(free, { rounds: [1], parts }).parts).toEqual({ 'daemon µs': 2, 'client µs': 5 });
});
