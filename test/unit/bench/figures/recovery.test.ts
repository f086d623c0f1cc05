import { expect, test } from '@jest/globals';
import { recoveryS } from '../../../bench/figures/recovery';

const CALM_US = 15_000;

const normal = { offered: 100, answered: 100, p95Us: 30_000 };
const failing = { ...normal, answered: 94 };
const slow = { ...normal, p95Us: 30_001 };

function slices(...parts: [{ offered: number; answered: number; p95Us: number }, number][]) {
  return parts.flatMap(([slice, count]) => Array.from({ length: count }, () => slice));
}

test('recoveryS: normal from the start, 0', () => {
  expect(recoveryS(slices([normal, 10]), CALM_US)).toBe(0);
});

test('recoveryS: counts the time of the failures at first', () => {
  expect(recoveryS(slices([failing, 3], [normal, 7]), CALM_US)).toBeCloseTo(0.3);
});

test('recoveryS: counts the time of slow answers at first', () => {
  expect(recoveryS(slices([slow, 4], [normal, 6]), CALM_US)).toBeCloseTo(0.4);
});

test('recoveryS: a short normal time between failures does not count', () => {
  expect(recoveryS(slices([failing, 1], [normal, 4], [failing, 1], [normal, 5]), CALM_US)).toBeCloseTo(0.6);
});

test('recoveryS: an answer that nobody notices to be slow is normal', () => {
  expect(recoveryS(slices([{ ...normal, p95Us: 19_000 }, 5]), 1_000)).toBe(0);
});

test('recoveryS: is all of the time if it is never normal', () => {
  expect(recoveryS(slices([failing, 20]), CALM_US)).toBeCloseTo(2);
});
