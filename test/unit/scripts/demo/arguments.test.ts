import { describe, expect, test } from '@jest/globals';
import { Refusal } from '../../../../scripts/console/refusal';
import { parseDemoArguments } from '../../../../scripts/demo/arguments';

describe('the arguments of the demonstration', () => {
  test('without arguments it plays three days', () => {
    expect(parseDemoArguments([])).toEqual({ hours: 72, seed: 1 });
  });

  test('hours and a seed are as they are given', () => {
    expect(parseDemoArguments(['--hours', '6', '--seed=0'])).toEqual({ hours: 6, seed: 0 });
  });

  test.each([
    [['--hours', '0'], '--hours must be a whole number from 1 to 167; it is 0'],
    [['--hours', '168'], '--hours must be a whole number from 1 to 167; it is 168'],
    [['--seed', '1.5'], '--seed must be a whole number from 0 to 4294967295; it is 1.5'],
    [['--days', '3'], "Unknown option '--days'"],
    [['three'], "Unexpected argument 'three'"],
  ])('%j is rejected with the usage', (args, message) => {
    expect(() => parseDemoArguments(args)).toThrow(Refusal);
    expect(() => parseDemoArguments(args)).toThrow(message);
    expect(() => parseDemoArguments(args)).toThrow('Usage: npm run demo');
  });
});
