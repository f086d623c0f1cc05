import { expect, test } from '@jest/globals';
import { backOff } from '../../../environment/back_off';

test.each([
  [1, 250],
  [2, 500],
  [3, 1_000],
  [6, 8_000],
  [7, 10_000],
  [5_000, 10_000],
])('backOff: %d failures in a row make a pause of %d ms', (failures, pauseMs) => {
  expect(backOff(failures, { minMs: 250, maxMs: 10_000 })).toBe(pauseMs);
});
