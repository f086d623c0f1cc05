import { describe, expect, test } from '@jest/globals';
import type { Limit } from '../../../../daemon/quota/limits';
import { type PoliciesInvalid, parsePolicies } from '../../../../daemon/quota/policies';
import {
  callUs,
  defaultRememberMs,
  MAX_CALL_US,
  mostMembers,
  retainMs,
} from '../../../../daemon/quota/policy_bounds';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const window = (limit: number, more: Partial<Limit> = {}): Limit =>
  ({ name: 'window', algorithm: 'sliding-window', limit, windowMs: 10 * MINUTE_MS, ...more }) as Limit;
const bucket = (limit: number, more: Partial<Limit> = {}): Limit =>
  ({ name: 'bucket', algorithm: 'token-bucket', limit, windowMs: 10 * MINUTE_MS, ...more }) as Limit;

/** The faults of a file with one policy of these limits, as an operator reads them. */
function faultsOf(limits: string[], remember?: string): string[] {
  const text = [
    'policies:',
    '  tried:',
    ...(remember === undefined ? [] : [`    remember: ${remember}`]),
    '    limits:',
    ...limits.map((limit, at) => `      - { name: limit-${at}, ${limit} }`),
  ].join('\n');
  try {
    parsePolicies(text);
    return [];
  } catch (error) {
    return (error as PoliciesInvalid).faults.map(({ message }) => message);
  }
}

describe('how long request ids are remembered', () => {
  test.each([
    ['a window of a second', 1000, MINUTE_MS],
    ['a window of ten minutes', 10 * MINUTE_MS, 10 * MINUTE_MS],
    ['a window of a year', 366 * DAY_MS, DAY_MS],
  ])('%s is remembered for the window, within a minute and a day', (_, windowMs, expected) => {
    expect(defaultRememberMs([window(5, { windowMs: 1 }), bucket(5, { windowMs })])).toBe(expected);
  });

  test('a window that is longer, the takings are kept for as long as it counts them', () => {
    const limits = [window(5, { windowMs: 3 * DAY_MS }), bucket(5, { windowMs: 9 * DAY_MS })];

    expect(retainMs({ limits, rememberMs: DAY_MS })).toBe(3 * DAY_MS);
  });

  test.each(['59s', '25h', '0s', 'never', '""'])('remember: %s is rejected', (remember) => {
    expect(faultsOf(['algorithm: token-bucket, limit: 5, window: 10m'], remember)).toEqual([
      expect.stringMatching(/remember: must be a duration from 1m to 24h, or none/),
    ]);
  });

  test('remember: none with a sliding window is rejected', () => {
    expect(faultsOf(['algorithm: sliding-window, limit: 5, window: 10m'], 'none')).toEqual([
      expect.stringMatching(/remember: none is not possible with a sliding-window/),
    ]);
  });
});

describe('what one call may take Redis', () => {
  test('a cost above the smallest limit, no more than that limit: it is denied', () => {
    expect(callUs({ limits: [window(100), bucket(10)] }, 1000)).toBe(
      callUs({ limits: [window(100), bucket(10)] }, 10),
    );
  });

  test('a bucket, no token is kept', () => {
    expect(callUs({ limits: [bucket(1_000_000)] }, 1_000_000)).toBe(
      callUs({ limits: [bucket(1_000_000)] }, 1),
    );
  });

  test('a shadow keeps its tokens beside those of the policy', () => {
    const [one, both] = [[window(100)], [window(100), window(100, { shadow: true })]];
    const perToken = (limits: Limit[]) => callUs({ limits }, 100) - callUs({ limits }, 99);

    expect(perToken(both)).toBeCloseTo(2 * perToken(one));
  });

  test('the largest sliding window is accepted; one with a shadow as large is rejected with the calculation', () => {
    const largest = 'algorithm: sliding-window, limit: 1000, window: 10m';

    expect(faultsOf([largest])).toEqual([]);
    expect(faultsOf([largest, `${largest}, shadow: true`])).toEqual([
      expect.stringContaining(
        `one call could take Redis 2430 µs, and ${MAX_CALL_US} µs is the most: 20 µs, 5 µs for each of 2 limits, and 1.2 µs for each token that 2 limits keep`,
      ),
    ]);
  });
});

describe('how many request ids a subject may come to', () => {
  test('the strictest limit counts as often as its window fits', () => {
    const limits = [window(10, { windowMs: MINUTE_MS }), bucket(1000, { windowMs: MINUTE_MS })];

    expect(mostMembers({ limits, rememberMs: 10 * MINUTE_MS })).toBe(10 * 11);
  });

  test('a bucket counts once full, and with all that it refills meanwhile', () => {
    const limits = [bucket(50_000)];

    expect(mostMembers({ limits, rememberMs: 20 * MINUTE_MS - 1000 })).toBe(50_000 + 99_917);
    expect(faultsOf(['algorithm: token-bucket, limit: 50000, window: 10m'], '1199s')).toEqual([
      expect.stringContaining('up to 149917 request ids of one subject would be kept for'),
    ]);
    expect(faultsOf(['algorithm: token-bucket, limit: 50000, window: 10m'], '10m')).toEqual([]);
  });

  test('a policy that remembers nothing and counts nothing has none', () => {
    expect(mostMembers({ limits: [bucket(1000)], rememberMs: 0 })).toBe(0);
  });

  test('shadows alone, unbounded here: the functions bound the set', () => {
    expect(mostMembers({ limits: [window(5, { shadow: true })], rememberMs: MINUTE_MS })).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test('more than a set may hold are rejected with the number; taken if less is remembered', () => {
    const fast = 'algorithm: token-bucket, limit: 1000, window: 1s';

    expect(faultsOf([fast], '1h')).toEqual([
      expect.stringMatching(
        /^policies\.tried: up to 3601000 request ids of one subject would be kept for 1h, and 100000 is the most/,
      ),
    ]);
    expect(faultsOf([fast], '1m')).toEqual([]);
    expect(faultsOf([fast], 'none')).toEqual([]);
  });
});
