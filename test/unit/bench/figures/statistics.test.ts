import { expect, test } from '@jest/globals';
import { medianOf, percentileOf, ratiosOf, spreadOf, sumsOf } from '../../../bench/figures/statistics';

test('medianOf: is the middle one of an odd number of values', () => {
  expect(medianOf([9, 1, 5])).toBe(5);
});

test('medianOf: is the mean of the two in the middle of an even number of values', () => {
  expect(medianOf([10, 1, 4, 2])).toBe(3);
});

test('medianOf: no values throws', () => {
  expect(() => medianOf([])).toThrow('no median');
});

test('medianOf: leaves its argument in order', () => {
  const values = [3, 1, 2];
  medianOf(values);
  expect(values).toEqual([3, 1, 2]);
});

test('percentileOf: is exceeded by no more than the rest of the values', () => {
  const values = Array.from({ length: 200 }, (_, at) => 200 - at);
  expect([99, 50, 100].map((percentage) => percentileOf(values, percentage))).toEqual([198, 100, 200]);
  expect(() => percentileOf([], 99)).toThrow('no percentile');
});

test('spreadOf: is the smallest and the largest value', () => {
  expect(spreadOf([3, 9, 1])).toEqual({ least: 1, most: 9 });
});

test('ratiosOf: compares what was measured in the same round', () => {
  expect(ratiosOf([10, 30], [5, 10])).toEqual([2, 3]);
});

test('ratiosOf: another number of rounds throws', () => {
  expect(() => ratiosOf([1], [1, 2])).toThrow('1 rounds cannot be compared with 2');
});

test('ratiosOf: a base of nothing throws', () => {
  expect(() => ratiosOf([1], [0])).toThrow('a ratio to 0');
});

test('sumsOf: adds up each round', () => {
  expect(sumsOf([1, 2], [10, 20], [100, 200])).toEqual([111, 222]);
});
