import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ALGORITHM_NAMES } from '../../../../daemon/quota/algorithms/registry';
import { MAX_LIMIT } from '../../../../daemon/quota/limits';
import { parsePolicies } from '../../../../daemon/quota/policies';

const DAEMON = join(__dirname, '../../../../daemon');

/** The faults of a file, as an operator reads them; none if it is right. */
function faultsOf(text: string): string[] {
  try {
    parsePolicies(text);
    return [];
  } catch (error) {
    return String((error as Error).message).split('\n');
  }
}

function fixture(name: string): string {
  return readFileSync(join(__dirname, 'fixtures', name), 'utf8');
}

/** A file with one limit, of which only what matters to the test is given. */
function fileWith(
  limit: { algorithm?: string; limit?: unknown; window?: unknown; name?: string },
  { remember }: { remember?: unknown } = {},
): string {
  const whole = { name: 'tried', algorithm: 'token-bucket', limit: 10, window: '10m', ...limit };
  const limits = `policies:\n  tried:\n    limits:\n      - ${JSON.stringify(whole)}\n`;
  return remember === undefined ? limits : `${limits}    remember: ${JSON.stringify(remember)}\n`;
}

describe('parsePolicies, many faults in one file', () => {
  test('each kind of fault is listed at its line in plain words', () => {
    const expected = fixture('every_fault.txt')
      .replace('ALGORITHMS', ALGORITHM_NAMES.join(' or '))
      .trimEnd()
      .split('\n');

    expect(faultsOf(fixture('every_fault.yaml'))).toEqual(expected);
  });

  test('an unclosed bracket is reported with the other faults', () => {
    const text = 'policies:\n  call:\n    limits: []\n  other:\n    limits: [{ name: x\n';

    expect(faultsOf(text)).toEqual(
      expect.arrayContaining([
        'line 3: policies.call.limits: must hold at least one limit',
        expect.stringMatching(/^line 6: Flow map .* must .* end with a }$/),
      ]),
    );
  });

  test('a tab as indentation is rejected at its line', () => {
    expect(faultsOf('policies:\n\tcall: {}\n')).toContain('line 2: Tabs are not allowed as indentation');
  });

  test('repeated keys at every depth are each rejected at the repetition', () => {
    const limit = '{ name: x, algorithm: token-bucket, limit: 9, limit: 10, window: 1m }';
    const policy = `  call:\n    limits: [${limit}]\n`;

    expect(faultsOf(`policies:\n${policy}${policy}services: []\nservices: []\n`)).toEqual(
      [3, 4, 5, 7].map((line) => `line ${line}: repeats a key that stands above`),
    );
  });
});

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

describe('parsePolicies, a file that says little', () => {
  test('the defaults are no services, no statistics, and a denial while the store is unreachable', () => {
    const { services, byName } = parsePolicies(fileWith({}));

    expect(services).toEqual([]);
    expect(byName.get('tried')).toMatchObject({ recordsConnections: false, onStoreFailure: 'deny' });
  });

  test('a policy that is the alias of another has the same limits under its own name', () => {
    const { byName } = parsePolicies(`${fileWith({}).replace('tried:', 'tried: &same')}  again: *same\n`);

    expect(byName.get('again')).toEqual({ ...byName.get('tried'), name: 'again' });
  });

  test.each([
    ['nothing', ''],
    ['a comment only', '# to be written\n'],
    ['a list', '- connection\n'],
    ['a line of text', 'connection\n'],
  ])('%s gets told what a file must be', (_, text) => {
    expect(faultsOf(text)).toEqual(['line 1: the file must be a map that holds policies']);
  });

  test.each([
    ['services: []\n', 'line 1: policies: is required'],
    ['\npolicies:\n', 'line 2: policies: must be a map of policies; it is null'],
    ['\npolicies: {}\n', 'line 2: policies: must hold at least one policy'],
    ['\npolicies: [connection]\n', 'line 2: policies: must be a map of policies; it is a list'],
    [
      'policies:\n  call:\n    limits: 3\n',
      'line 3: policies.call.limits: must be a list of limits; it is 3',
    ],
    [
      'policies:\n  call:\n    limits:\n      -\n',
      'line 4: policies.call.limits[0]: must be a map; it is null',
    ],
  ])('%j is one fault', (text, expected) => {
    expect(faultsOf(text)).toEqual([expected]);
  });

  test('services that are not a list are named', () => {
    expect(faultsOf(`services: { vente: 1 }\n${fileWith({})}`)).toEqual([
      'line 1: services: must be a list of names; it is a map',
    ]);
  });
});

describe('parsePolicies, what is YAML and yet no file of policies', () => {
  test('two documents are rejected at the start of the second', () => {
    expect(faultsOf(`${fileWith({})}---\nservices: []\n`)).toEqual([
      'line 5: a second document starts here, and a file holds one only',
    ]);
  });

  test('an alias that names nothing is rejected', () => {
    expect(faultsOf('policies: *nothing\n')).toEqual([expect.stringMatching(/^line 1: .*nothing/)]);
  });

  test('aliases that multiply without end are rejected', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de'])
      bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`)}]`);

    expect(faultsOf(bomb.join('\n'))).toEqual([expect.stringMatching(/alias/)]);
  });

  test('an unknown tag is rejected', () => {
    expect(faultsOf(`${fileWith({})}services: [!shout vente]\n`)).toEqual(['line 5: Unresolved tag: !shout']);
  });

  test('a policy named __proto__ is rejected like any bad name', () => {
    expect(faultsOf(`${fileWith({})}  __proto__: { limits: [] }\n`)).toContainEqual(
      expect.stringMatching(/^line 5: policies\.__proto__: must be lower case/),
    );
  });
});

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
