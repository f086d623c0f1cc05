import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  parseSubjectTemplate,
  type SubjectTemplate,
  subjectOf,
} from '../../../../../daemon/quota/descriptors/subject_template';

const KEYS = ['tenant', 'user'];

function template(text: string): SubjectTemplate {
  const parsed = parseSubjectTemplate(text, KEYS);
  if ('faults' in parsed) throw new Error(parsed.faults.join());
  return parsed.template;
}

const subject = (text: string, tenant: string, user = '') =>
  subjectOf(template(text), [
    { key: 'tenant', value: tenant },
    { key: 'user', value: user },
  ]);

const HASH = /^sha256:[0-9a-f]{64}$/;

describe('the subject of a descriptor', () => {
  test.each([
    ['{tenant}', '192.0.2.1', '', '192.0.2.1'],
    ['{tenant}', '2001:db8::1', '', '2001:db8::1'],
    ['ip:{tenant}', '2001:db8::1', '', 'ip:2001:db8::1'],
    ['{user} at {tenant}', 'a/b', 'élodie', '%C3%A9lodie at a%2Fb'],
    ['everybody', '', '', 'everybody'],
  ])('by %j of %j and %j, is %j', (text, tenant, user, expected) => {
    expect(subject(text, tenant, user)).toBe(expected);
  });

  test.each([
    ['nothing', ''],
    ['too much', 'x'.repeat(129)],
    ['control characters', 'a\nb'],
    ['what was no UTF-8', 'a\uFFFD'],
  ])('made of %s, is a hash', (_, value) => {
    expect(subject('{tenant}', value)).toMatch(HASH);
    expect(subject('ip:{tenant}x', value.replace('', ' \n'))).toMatch(/^ip:sha256:/);
  });

  test('made of two values that are too long, differs if they do', () => {
    const long = 'x'.repeat(200);

    expect(subject('{tenant}', `${long}a`)).not.toBe(subject('{tenant}', `${long}b`));
  });

  test('of several values, is never the same for others', () => {
    const value = fc.oneof(fc.string(), fc.constantFrom('/', 'a/', '/a', '%2F', ''));
    fc.assert(
      fc.property(value, value, value, value, (a, b, c, d) => {
        fc.pre(a !== c || b !== d);
        expect(subject('{tenant}a/{user}', a, b)).not.toBe(subject('{tenant}a/{user}', c, d));
      }),
    );
  });
});
