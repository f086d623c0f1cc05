import { describe, expect, test } from '@jest/globals';
import { MAX_LIMIT } from '../../../../daemon/quota/limits';
import { parsePolicies } from '../../../../daemon/quota/policies';
import { faultsOf, fileWith } from './policies_texts';

describe('parsePolicies, the size of a limit', () => {
  test.each([0, -1, 1.5, 0.5, MAX_LIMIT + 1, '10', null, true, [10]])('%j is rejected', (limit) => {
    expect(faultsOf(fileWith({ limit }))).toEqual([
      expect.stringMatching(
        /^line 4: policies\.tried\.limits\[0\]\.limit: must be a whole number, 1 to 10{9}; it is /,
      ),
    ]);
  });

  test.each(['.inf', '-.inf', '.nan'])('%s is rejected', (limit) => {
    const text = fileWith({ limit: 0 }).replace('"limit":0', `"limit": ${limit}`);

    expect(faultsOf(text)).toEqual([expect.stringMatching(/limit: must be a whole number/)]);
  });

  test.each([1, MAX_LIMIT])('%d is accepted', (limit) => {
    expect(faultsOf(fileWith({ limit }, { remember: 'none' }))).toEqual([]);
  });

  test('a sliding window of 1000 is accepted; for one of 1001, the fault suggests a token bucket', () => {
    const texts = [1000, 1001].map((limit) => fileWith({ algorithm: 'sliding-window', limit }));

    expect(texts.map(faultsOf)).toEqual([
      [],
      [expect.stringMatching(/must be 1000 or less .* use token-bucket for 1001$/)],
    ]);
  });

  test('a bucket that a double cannot count is a fault', () => {
    expect(faultsOf(fileWith({ limit: 999_999_937, window: '366d' }, { remember: 'none' }))).toEqual([
      'line 4: policies.tried.limits[0].limit: cannot be counted exactly: 999999937 in this window; use a rounder number or a shorter window',
    ]);
  });
});

describe('parsePolicies, the window of a limit', () => {
  test.each([10, '10', '0s', '-1m', '1.5h', '10 m', '367d', '', null, { m: 10 }])(
    '%j is rejected',
    (window) => {
      expect(faultsOf(fileWith({ window }))).toEqual([
        expect.stringMatching(/^line 4: policies\.tried\.limits\[0\]\.window: must be a duration such as /),
      ]);
    },
  );

  test.each([
    ['1ms', 1],
    ['366d', 366 * 86_400_000],
  ])('%s is accepted', (window, windowMs) => {
    expect(parsePolicies(fileWith({ limit: 1, window })).byName.get('tried')?.limits[0]?.windowMs).toBe(
      windowMs,
    );
  });
});

describe('parsePolicies, names', () => {
  test.each(['Upper', '9lives', 'with space', 'with_score', 'a:b', '{0}', 'é', '', 'x'.repeat(64)])(
    'a limit named %j is rejected',
    (name) => {
      expect(faultsOf(fileWith({ name }))).toEqual([
        expect.stringMatching(/limits\[0\]\.name: must be lower case letters, digits and hyphens/),
      ]);
    },
  );

  test('a name of 63 characters is accepted', () => {
    expect(faultsOf(fileWith({ name: 'x'.repeat(63) }))).toEqual([]);
  });

  test('17 limits in one policy are rejected', () => {
    const limits = Array.from({ length: 17 }, (_, at) => ({
      name: `limit-${at}`,
      algorithm: 'token-bucket',
      limit: 1,
      window: '1s',
    }));

    expect(faultsOf(`policies:\n  tried:\n    limits: ${JSON.stringify(limits)}\n`)).toEqual([
      'line 3: policies.tried.limits: must hold 16 limits at most',
    ]);
  });
});
