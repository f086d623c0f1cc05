import { describe, expect, test } from '@jest/globals';
import { parseDurationMs } from '../../../../daemon/quota/duration';

describe('parseDurationMs', () => {
  test.each([
    ['1ms', 1],
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['3d', 259_200_000],
  ])('%s is %d milliseconds', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });

  test.each([
    '',
    '10',
    'm',
    '0m',
    '-1m',
    '1.5h',
    '010m',
    '10 m',
    ' 10m',
    '10m ',
    '10M',
    '1w',
    '10m5s',
    '1e3s',
  ])('the text %j is none', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  test('a number of ten digits is none', () => {
    expect(parseDurationMs('1000000000s')).toBeUndefined();
  });
});
