import { describe, expect, test } from '@jest/globals';
import { type Item, parseList } from 'structured-headers';
import { quotaHeaders, rateLimitHeaders, retryAfter, violatedPolicies } from '../../../client/http/headers';
import type { Admission, Limit } from '../../../client/quota_client';

const perWindow: Limit = {
  name: 'per-window',
  limit: 10,
  remaining: 0,
  windowMs: 600_000,
  resetDelayMs: 599_000,
  nextDelayMs: 42_001,
  overridden: false,
};
const burst: Limit = {
  ...perWindow,
  ...{ name: 'burst', limit: 20, remaining: 19, windowMs: 1_500, resetDelayMs: 200, nextDelayMs: 200 },
};

const DENIED: Admission = {
  policy: 'connection',
  cost: 1,
  requestId: 'r-1',
  limits: [perWindow, burst],
  decidedBy: 'daemon',
  degraded: false,
  isRepeat: false,
  admitted: false,
  retryDelayMs: 41_000,
};

/** A field as a client reads it: each name, with its parameters. */
function parsed(field: string | undefined): [unknown, Record<string, unknown>][] {
  return parseList(field ?? '').map(([name, parameters]) => [
    name as Item[0],
    Object.fromEntries(parameters),
  ]);
}

describe('rate-limit headers', () => {
  test('one limit is named as its policy, with the time until more is available', () => {
    const headers = rateLimitHeaders({ policy: 'connection', limits: [perWindow] });

    expect(headers).toEqual({
      'RateLimit-Policy': '"connection";q=10;w=600',
      RateLimit: '"connection";r=0;t=43',
    });
    expect(parsed(headers.RateLimit)).toEqual([['connection', { r: 0, t: 43 }]]);
  });

  test('several limits have each a name of its own, in the order given', () => {
    const headers = rateLimitHeaders({ policy: 'connection', limits: [perWindow, burst] });

    expect(parsed(headers['RateLimit-Policy'])).toEqual([
      ['connection/per-window', { q: 10, w: 600 }],
      ['connection/burst', { q: 20, w: 2 }],
    ]);
    expect(parsed(headers.RateLimit)).toEqual([
      ['connection/per-window', { r: 0, t: 43 }],
      ['connection/burst', { r: 19, t: 1 }],
    ]);
  });

  test('two policies on one answer have no name twice', () => {
    const names = ['connection', 'service-call'].flatMap((policy) =>
      parsed(rateLimitHeaders({ policy, limits: [perWindow] }).RateLimit).map(([name]) => name),
    );

    expect(names).toEqual(['connection', 'service-call']);
  });

  test('a window below a second is left out', () => {
    const headers = rateLimitHeaders({ policy: 'api', limits: [{ ...perWindow, windowMs: 999 }] });

    expect(parsed(headers['RateLimit-Policy'])).toEqual([['api', { q: 10 }]]);
  });

  test('a limit of 0, no time until more: there is never more', () => {
    const headers = rateLimitHeaders({ policy: 'api', limits: [{ ...perWindow, limit: 0, nextDelayMs: 0 }] });

    expect(parsed(headers.RateLimit)).toEqual([['api', { r: 0 }]]);
  });

  test('no limit means no field', () => {
    expect(rateLimitHeaders({ policy: 'connection', limits: [] })).toEqual({});
  });

  test('a name with quotes and line ends stays one string', () => {
    const headers = rateLimitHeaders({ policy: 'a"b\\c\r\né', limits: [perWindow] });

    expect(parsed(headers.RateLimit)).toEqual([['a"b\\c???', { r: 0, t: 43 }]]);
  });

  test('pk: the same for a subject, another for another, and neither shows the subject', () => {
    const keyOf = (subject: string) => {
      const options = { partition: { secret: 's3cret', subject } };
      const headers = rateLimitHeaders({ policy: 'connection', limits: [perWindow] }, options);
      const keys = Object.values(headers).map((field) => parsed(field)[0]?.[1].pk as ArrayBuffer);
      return keys.map((key) => Buffer.from(key).toString('hex'));
    };

    expect(keyOf('42')).toEqual(keyOf('42'));
    expect(new Set([...keyOf('42'), ...keyOf('43')]).size).toBe(2);
    expect(keyOf('42')[0]).toMatch(/^[0-9a-f]{24}$/);
  });
});

describe('Retry-After', () => {
  test.each([
    [411_001, '412'],
    [412_000, '412'],
    [1, '1'],
    [0, '1'],
  ])('%d ms is %s s', (ms, expected) => {
    expect(retryAfter(ms)).toBe(expected);
  });

  test('a denial does not end before the t of the limit that denied', () => {
    expect(quotaHeaders(DENIED)).toMatchObject({ 'Retry-After': '43' });
  });

  test('a denial for longer than that shows when it would be admitted', () => {
    expect(quotaHeaders({ ...DENIED, retryDelayMs: 65_001 })).toMatchObject({ 'Retry-After': '66' });
  });

  test('a limit that did not deny does not count', () => {
    const slow = { ...burst, nextDelayMs: 500_000 };

    expect(quotaHeaders({ ...DENIED, limits: [perWindow, slow] })).toMatchObject({ 'Retry-After': '43' });
  });

  test('a denial that waiting cannot change has none', () => {
    expect(quotaHeaders({ ...DENIED, retryDelayMs: undefined })).not.toHaveProperty('Retry-After');
  });

  test('an admission has none', () => {
    const { retryDelayMs: _, ...decided } = DENIED;

    expect(quotaHeaders({ ...decided, admitted: true })).not.toHaveProperty('Retry-After');
  });
});

describe('violated policies', () => {
  test('a denial names the limits with too little left as in the fields', () => {
    expect(violatedPolicies(DENIED)).toEqual(['connection/per-window']);
    expect(violatedPolicies({ ...DENIED, cost: 20 })).toEqual(['connection/per-window', 'connection/burst']);
  });
});
