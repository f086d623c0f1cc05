import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MAX_LIMIT } from '../../../../daemon/quota/limits';
import { parsePolicies } from '../../../../daemon/quota/policies';

const DAEMON = join(__dirname, '../../../../daemon');

/** The faults of a file, as an operator reads them; none where it is right. */
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
  test('each kind of fault, listed at its line in plain words', () => {
    const expected = fixture('every_fault.txt').trimEnd().split('\n');

    expect(faultsOf(fixture('every_fault.yaml'))).toEqual(expected);
  });

  test('a bracket that is not closed, told with what is wrong elsewhere', () => {
    const text = 'policies:\n  call:\n    limits: []\n  other:\n    limits: [{ name: x\n';

    expect(faultsOf(text)).toEqual(
      expect.arrayContaining([
        'line 3: policies.call.limits: must hold at least one limit',
        expect.stringMatching(/^line 6: Flow map .* must .* end with a }$/),
      ]),
    );
  });

  test('a tab as indentation, refused at its line', () => {
    expect(faultsOf('policies:\n\tcall: {}\n')).toContain('line 2: Tabs are not allowed as indentation');
  });

  test('repeated keys at every depth, each refused where it stands again', () => {
    const limit = '{ name: x, algorithm: token-bucket, limit: 9, limit: 10, window: 1m }';
    const policy = `  call:\n    limits: [${limit}]\n`;

    expect(faultsOf(`policies:\n${policy}${policy}services: []\nservices: []\n`)).toEqual(
      [3, 4, 5, 7].map((line) => `line ${line}: repeats a key that stands above`),
    );
  });
});

describe("parsePolicies, the project's own file", () => {
  const { services, byName } = parsePolicies(readFileSync(join(DAEMON, 'policies.yaml'), 'utf8'));

  test('its services, the two of the brief', () => {
    expect(services).toEqual(['vente', 'achat']);
  });

  test('its policies, a connection, a call and a password tried', () => {
    expect([...byName.keys()]).toEqual(['connection', 'service-call', 'login-attempt']);
  });

  test.each(['connection', 'service-call'])('%s, strictly 10 in any 10 minutes', (name) => {
    expect(byName.get(name)?.limits).toEqual([
      { name: 'per-window', algorithm: 'sliding-window', limit: 10, windowMs: 600_000, shadow: false },
    ]);
  });

  test('a password tried, a bucket of 600 that refills in 10 minutes', () => {
    expect(byName.get('login-attempt')?.limits).toEqual([
      { name: 'burst', algorithm: 'token-bucket', limit: 600, windowMs: 600_000, shadow: false },
    ]);
  });

  test('connections alone, feed the statistics', () => {
    const recording = [...byName.values()].filter(({ recordsConnections }) => recordsConnections);

    expect(recording.map(({ name }) => name)).toEqual(['connection']);
  });

  test('every policy, goes on locally while the store is out of reach', () => {
    expect([...byName.values()].map(({ onStoreFailure }) => onStoreFailure)).toEqual(Array(3).fill('local'));
  });
});

describe('parsePolicies, the windows of the statistics', () => {
  const withWindows = (windows: string) => `statistics: { windows: ${windows} }\n${fileWith({})}`;

  test("the project's own file, three days and seven", () => {
    const { statistics } = parsePolicies(readFileSync(join(DAEMON, 'policies.yaml'), 'utf8'));

    expect(statistics.windowsMs).toEqual([3 * 86_400_000, 7 * 86_400_000]);
  });

  test.each(['', 'statistics: {}\n'])('left out (%j), three days', (text) => {
    expect(parsePolicies(`${text}${fileWith({})}`).statistics.windowsMs).toEqual([3 * 86_400_000]);
  });

  test.each([
    ['[7d]', 'must hold 3d, which Stats counts unless asked otherwise'],
    ['[3d, 72h]', 'must hold each window once'],
    ['[3d, 1d, 2d, 4d, 5d]', 'must hold 4 windows at most: each costs work for each connection'],
    ['3d', 'must be a list of durations; it is "3d"'],
  ])('%s, refused', (windows, message) => {
    expect(faultsOf(withWindows(windows))).toEqual([`line 1: statistics.windows: ${message}`]);
  });

  test.each(['30s', '32d', '3'])('a window of %s, refused', (window) => {
    expect(faultsOf(withWindows(`[3d, ${window}]`))).toEqual([
      expect.stringMatching(/^line 1: statistics\.windows\[1\]: must be a duration from 1m to 31d; it is /),
    ]);
  });
});

describe('parsePolicies, a file that says little', () => {
  test('what is left out, no services, no statistics, and a denial while the store is out of reach', () => {
    const { services, byName } = parsePolicies(fileWith({}));

    expect(services).toEqual([]);
    expect(byName.get('tried')).toMatchObject({ recordsConnections: false, onStoreFailure: 'deny' });
  });

  test('a policy that is the alias of another, the same limits under its own name', () => {
    const { byName } = parsePolicies(`${fileWith({}).replace('tried:', 'tried: &same')}  again: *same\n`);

    expect(byName.get('again')).toEqual({ ...byName.get('tried'), name: 'again' });
  });

  test.each([
    ['nothing', ''],
    ['a comment only', '# to be written\n'],
    ['a list', '- connection\n'],
    ['a line of text', 'connection\n'],
  ])('%s, told what a file must be', (_, text) => {
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
  ])('%j, one fault', (text, expected) => {
    expect(faultsOf(text)).toEqual([expected]);
  });

  test('services that are no list, named', () => {
    expect(faultsOf(`services: { vente: 1 }\n${fileWith({})}`)).toEqual([
      'line 1: services: must be a list of names; it is a map',
    ]);
  });
});

describe('parsePolicies, what is YAML and yet no file of policies', () => {
  test('two documents, refused where the second starts', () => {
    expect(faultsOf(`${fileWith({})}---\nservices: []\n`)).toEqual([
      'line 5: a second document starts here, and a file holds one only',
    ]);
  });

  test('an alias that names nothing, refused', () => {
    expect(faultsOf('policies: *nothing\n')).toEqual([expect.stringMatching(/^line 1: .*nothing/)]);
  });

  test('aliases that multiply without end, refused', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de'])
      bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`)}]`);

    expect(faultsOf(bomb.join('\n'))).toEqual([expect.stringMatching(/alias/)]);
  });

  test('a tag that is not known, refused', () => {
    expect(faultsOf(`${fileWith({})}services: [!shout vente]\n`)).toEqual(['line 5: Unresolved tag: !shout']);
  });

  test('a policy named __proto__, refused like any bad name', () => {
    expect(faultsOf(`${fileWith({})}  __proto__: { limits: [] }\n`)).toContainEqual(
      expect.stringMatching(/^line 5: policies\.__proto__: must be lower case/),
    );
  });
});

describe('parsePolicies, the size of a limit', () => {
  test.each([0, -1, 1.5, 0.5, MAX_LIMIT + 1, '10', null, true, [10]])('%j, refused', (limit) => {
    expect(faultsOf(fileWith({ limit }))).toEqual([
      expect.stringMatching(
        /^line 4: policies\.tried\.limits\[0\]\.limit: must be a whole number, 1 to 10{9}; it is /,
      ),
    ]);
  });

  test.each(['.inf', '-.inf', '.nan'])('%s, refused', (limit) => {
    const text = fileWith({ limit: 0 }).replace('"limit":0', `"limit": ${limit}`);

    expect(faultsOf(text)).toEqual([expect.stringMatching(/limit: must be a whole number/)]);
  });

  test.each([1, MAX_LIMIT])('%d, taken', (limit) => {
    expect(faultsOf(fileWith({ limit }, { remember: 'none' }))).toEqual([]);
  });

  test('a sliding window of 1000, taken; one of 1001, told to be a token bucket', () => {
    const texts = [1000, 1001].map((limit) => fileWith({ algorithm: 'sliding-window', limit }));

    expect(texts.map(faultsOf)).toEqual([
      [],
      [expect.stringMatching(/must be 1000 or less .* use token-bucket for 1001$/)],
    ]);
  });

  test('a bucket that a double cannot count, told so', () => {
    expect(faultsOf(fileWith({ limit: 999_999_937, window: '366d' }, { remember: 'none' }))).toEqual([
      'line 4: policies.tried.limits[0].limit: cannot be counted exactly: 999999937 in this window; use a rounder number or a shorter window',
    ]);
  });
});

describe('parsePolicies, the window of a limit', () => {
  test.each([10, '10', '0s', '-1m', '1.5h', '10 m', '367d', '', null, { m: 10 }])('%j, refused', (window) => {
    expect(faultsOf(fileWith({ window }))).toEqual([
      expect.stringMatching(/^line 4: policies\.tried\.limits\[0\]\.window: must be a duration such as /),
    ]);
  });

  test.each([
    ['1ms', 1],
    ['366d', 366 * 86_400_000],
  ])('%s, taken', (window, windowMs) => {
    expect(parsePolicies(fileWith({ limit: 1, window })).byName.get('tried')?.limits[0]?.windowMs).toBe(
      windowMs,
    );
  });
});

describe('parsePolicies, names', () => {
  test.each(['Upper', '9lives', 'with space', 'with_score', 'a:b', '{0}', 'é', '', 'x'.repeat(64)])(
    'a limit named %j, refused',
    (name) => {
      expect(faultsOf(fileWith({ name }))).toEqual([
        expect.stringMatching(/limits\[0\]\.name: must be lower case letters, digits and hyphens/),
      ]);
    },
  );

  test('a name of 63 characters, taken', () => {
    expect(faultsOf(fileWith({ name: 'x'.repeat(63) }))).toEqual([]);
  });

  test('17 limits in one policy, refused', () => {
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
