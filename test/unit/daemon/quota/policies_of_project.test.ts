import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parsePolicies } from '../../../../daemon/quota/policies';
import { faultsOf, fileWith } from './policies_texts';

const DAEMON = join(__dirname, '../../../../daemon');

describe("parsePolicies, the project's own file", () => {
  const { services, byName } = parsePolicies(readFileSync(join(DAEMON, 'policies.yaml'), 'utf8'));

  test('its services are the two of the brief', () => {
    expect(services).toEqual(['vente', 'achat']);
  });

  test('its policies are a connection, a call and a password tried, by address and by account', () => {
    expect([...byName.keys()]).toEqual(['connection', 'service-call', 'login-attempt', 'password-attempt']);
  });

  test.each(['connection', 'service-call'])('%s is strictly 10 in any 10 minutes', (name) => {
    expect(byName.get(name)?.limits).toEqual([
      { name: 'per-window', algorithm: 'sliding-window', limit: 10, windowMs: 600_000, shadow: false },
    ]);
  });

  test('a password tried takes from a bucket of 600 that refills in 10 minutes', () => {
    expect(byName.get('login-attempt')?.limits).toEqual([
      { name: 'burst', algorithm: 'token-bucket', limit: 600, windowMs: 600_000, shadow: false },
    ]);
  });

  test('a password tried for an account is strictly 10 in any 15 minutes', () => {
    expect(byName.get('password-attempt')?.limits).toEqual([
      { name: 'per-window', algorithm: 'sliding-window', limit: 10, windowMs: 900_000, shadow: false },
    ]);
  });

  test('only connections feed the statistics', () => {
    const recording = [...byName.values()].filter(({ recordsConnections }) => recordsConnections);

    expect(recording.map(({ name }) => name)).toEqual(['connection']);
  });

  test('every policy goes on locally while the store is unreachable', () => {
    expect([...byName.values()].map(({ onStoreFailure }) => onStoreFailure)).toEqual(Array(4).fill('local'));
  });
});

describe('parsePolicies, the windows of the statistics', () => {
  const withWindows = (windows: string) => `statistics: { windows: ${windows} }\n${fileWith({})}`;

  test("the project's own file has three days and seven", () => {
    const { statistics } = parsePolicies(readFileSync(join(DAEMON, 'policies.yaml'), 'utf8'));

    expect(statistics.windowsMs).toEqual([3 * 86_400_000, 7 * 86_400_000]);
  });

  test.each(['', 'statistics: {}\n'])('left out (%j), it is three days', (text) => {
    expect(parsePolicies(`${text}${fileWith({})}`).statistics.windowsMs).toEqual([3 * 86_400_000]);
  });

  test.each([
    ['[7d]', 'must hold 3d, which Stats counts unless asked otherwise'],
    ['[3d, 72h]', 'must hold each window once'],
    ['[3d, 1d, 2d, 4d, 5d]', 'must hold 4 windows at most: each costs work for each connection'],
    ['3d', 'must be a list of durations; it is "3d"'],
  ])('%s is rejected', (windows, message) => {
    expect(faultsOf(withWindows(windows))).toEqual([`line 1: statistics.windows: ${message}`]);
  });

  test.each(['30s', '32d', '3'])('a window of %s is rejected', (window) => {
    expect(faultsOf(withWindows(`[3d, ${window}]`))).toEqual([
      expect.stringMatching(/^line 1: statistics\.windows\[1\]: must be a duration from 1m to 31d; it is /),
    ]);
  });
});

describe('parsePolicies, how far a limit may be raised', () => {
  const withRaises = (raises: string) =>
    `${fileWith({ algorithm: 'sliding-window' })}    raises: ${raises}\n`;
  const raisesOf = (text: string) => parsePolicies(text).byName.get('tried')?.raises;

  test('has its size and its time, which is a day unless given', () => {
    expect(raisesOf(withRaises('{ tried: { limit: 30, for: 2h } }'))?.get('tried')).toEqual({
      limit: 30,
      durationMs: 7_200_000,
    });
    expect(raisesOf(withRaises('{ tried: { limit: 30 } }'))?.get('tried')?.durationMs).toBe(86_400_000);
  });

  test("the project's own file raises connections and calls to 30 for a day", () => {
    const { byName } = parsePolicies(readFileSync(join(DAEMON, 'policies.yaml'), 'utf8'));
    const bound = { limit: 30, durationMs: 86_400_000 };

    expect([...byName.values()].map(({ raises }) => raises?.get('per-window'))).toEqual([
      bound,
      bound,
      undefined,
    ]);
  });

  test.each([
    ['{ other: { limit: 30 } }', 'raises.other: is not the name of a limit of this policy'],
    ['{ tried: { limit: 10 } }', 'raises.tried.limit: must be above the limit itself, 10'],
    ['{ tried: { limit: 1.5 } }', 'raises.tried.limit: must be a whole number, 1 to 1000000000; it is 1.5'],
    ['{ tried: { limit: 30, for: 8d } }', 'raises.tried.for: must be a duration from 1m to 7d; it is "8d"'],
    ['{ tried: { limit: 30, for: 59s } }', 'raises.tried.for: must be a duration from 1m to 7d; it is "59s"'],
    ['{ tried: { for: 1h } }', `raises.tried.limit: is required`],
    ['{ tried: { limit: 30, until: 1h } }', 'raises.tried.until: is not a known key'],
    ['[30]', 'raises: must be a map of raises; it is a list'],
  ])('%s is rejected', (raises, message) => {
    expect(faultsOf(withRaises(raises))).toEqual([expect.stringContaining(`policies.tried.${message}`)]);
  });

  test('a size that cannot be counted, or would take Redis too long, is rejected', () => {
    expect(faultsOf(withRaises('{ tried: { limit: 1001 } }'))).not.toEqual([]);
    expect(faultsOf(withRaises('{ tried: { limit: 1000 } }'))).toEqual([]);
  });
});
