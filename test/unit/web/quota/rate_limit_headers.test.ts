import { describe, expect, test } from '@jest/globals';
import { rateLimitHeaders, retryAfter } from '../../../../web/quota/rate_limit_headers';

const perWindow = {
  name: 'per-window',
  limit: 10,
  remaining: 0,
  windowMs: 600_000,
  resetDelayMs: 411_001,
  nextDelayMs: 42_001,
};

describe('rate-limit headers', () => {
  test('headers: one limit, the syntax of draft 10 with seconds rounded up', () => {
    expect(rateLimitHeaders([perWindow])).toEqual({
      'RateLimit-Policy': '"per-window";q=10;w=600',
      RateLimit: '"per-window";r=0;t=412',
    });
  });

  test('headers: several limits, separated by commas in the order given', () => {
    const burst = {
      name: 'burst',
      limit: 20,
      remaining: 19,
      windowMs: 1_500,
      resetDelayMs: 0,
      nextDelayMs: 0,
    };
    expect(rateLimitHeaders([perWindow, burst])).toEqual({
      'RateLimit-Policy': '"per-window";q=10;w=600, "burst";q=20;w=2',
      RateLimit: '"per-window";r=0;t=412, "burst";r=19;t=0',
    });
  });

  test('headers: no limit, no field', () => {
    expect(rateLimitHeaders([])).toEqual({});
  });

  test('headers: a name with quotes and line ends, stays one quoted string', () => {
    const headers = rateLimitHeaders([{ ...perWindow, name: 'a"b\\c\r\né' }]);
    expect(headers.RateLimit).toBe('"a\\"b\\\\c???";r=0;t=412');
  });

  test.each([
    [411_001, '412'],
    [412_000, '412'],
    [1, '1'],
    [0, '1'],
  ])('Retry-After: %d ms, %s s', (ms, expected) => {
    expect(retryAfter(ms)).toBe(expected);
  });
});
