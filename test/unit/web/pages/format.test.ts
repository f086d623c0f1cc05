import { describe, expect, test } from '@jest/globals';
import { clockIn, formatDelay } from '../../../../web/pages/format';

describe('format', () => {
  test.each([
    [411_001, '6 minutes 52 seconds'],
    [60_000, '1 minute'],
    [1, '1 second'],
    [0, '1 second'],
    [3_661_000, '1 hour 1 minute 1 second'],
  ])('delay: %d ms, %s', (ms, expected) => {
    expect(formatDelay(ms)).toBe(expected);
  });

  test('clock: a delay, is never earlier than its end', () => {
    expect(clockIn(1_500, Date.parse('2025-01-01T12:00:00.200Z')).iso).toBe('2025-01-01T12:00:02.000Z');
  });
});
