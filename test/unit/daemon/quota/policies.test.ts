import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ALGORITHM_NAMES } from '../../../../daemon/quota/algorithms/registry';
import { parsePolicies } from '../../../../daemon/quota/policies';
import { faultsOf, fileWith } from './policies_texts';

function fixture(name: string): string {
  return readFileSync(join(__dirname, 'fixtures', name), 'utf8');
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
