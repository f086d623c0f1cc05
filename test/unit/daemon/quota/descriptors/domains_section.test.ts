import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parsePolicies } from '../../../../../daemon/quota/policies';
import { digestOf } from '../../../../../daemon/quota/policies_digest';

const EXAMPLE = readFileSync(join(__dirname, '../../../../../docs/envoy/policies.yaml'), 'utf8');

const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name), 'utf8');

/** The faults of a file, as an operator reads them. */
function faultsOf(text: string): string[] {
  try {
    parsePolicies(text);
    return [];
  } catch (error) {
    return String((error as Error).message).split('\n');
  }
}

describe('the section envoy of a policies file', () => {
  test('lists each kind of fault at its line', () => {
    expect(faultsOf(fixture('every_fault.yaml'))).toEqual(fixture('every_fault.txt').trimEnd().split('\n'));
  });

  test('holds a mapping for each domain', () => {
    const { domains } = parsePolicies(EXAMPLE);

    expect([...(domains ?? [])]).toMatchObject([
      [
        'shop',
        {
          isExactlyOnce: false,
          rules: [
            { entries: [{ key: 'remote_address' }], policy: 'client-request' },
            { entries: [{ key: 'generic_key', value: 'login' }, { key: 'user' }], policy: 'login-attempt' },
          ],
        },
      ],
    ]);
  });

  test('left out, maps nothing', () => {
    expect(parsePolicies(EXAMPLE.replace(/^envoy:[\s\S]*/m, ''))).not.toHaveProperty('domains');
  });

  test('allows a rule after a narrower one', () => {
    const rules = ['{ key: user, value: hugo }', '{ key: user }'].map(
      (entry) => `      - { entries: [${entry}], policy: client-request, subject: "{user}" }\n`,
    );

    expect(
      faultsOf(EXAMPLE.replace(/^envoy:[\s\S]*/m, `envoy:\n  shop:\n    descriptors:\n${rules.join('')}`)),
    ).toEqual([]);
  });
});

describe('the digest of policies', () => {
  const digest = (text: string) => digestOf(parsePolicies(text));

  test.each([
    ['exactly_once: false', 'exactly_once: true'],
    ['  shop:', '  store:'],
    ['value: login', 'value: logout'],
    ['subject: "{user}"', 'subject: "user:{user}"'],
    ['policy: login-attempt', 'policy: client-request'],
    ['subject: "{user}"', 'subject: "{user}"\n        max_override: 100'],
  ])('with %j replaced by %j, is another', (before, after) => {
    expect(EXAMPLE).toContain(before);
    expect(digest(EXAMPLE.replace(before, after))).not.toBe(digest(EXAMPLE));
  });

  test('with the section in another layout, stays the same', () => {
    const other = EXAMPLE.replace('[{ key: remote_address }]', '\n          - key: remote_address\n');

    expect(digest(other)).toBe(digest(EXAMPLE));
  });
});
