import { expect, test } from '@jest/globals';
import { parseAccountArguments } from '../../../../scripts/accounts/account_arguments';
import { Refusal } from '../../../../scripts/console/refusal';

const usage = 'Usage: it';
const parse = (...args: string[]) => parseAccountArguments({ args, usage, switches: ['yes'] });

test.each([[['ada@example.org']], [['--email', 'ada@example.org']], [['--email=ada@example.org']]])(
  'parseAccountArguments: %j is the email and no switch',
  (args) => {
    expect(parse(...args)).toEqual({ email: 'ada@example.org', set: new Set() });
  },
);

test('parseAccountArguments: a switch of the command is read', () => {
  expect(parse('ada@example.org', '--yes').set).toEqual(new Set(['yes']));
});

test.each([
  [[], 'Give one email.'],
  [[''], 'Give one email.'],
  [['ada@example.org', 'eve@example.org'], 'Give one email.'],
  [['--email', 'ada@example.org', 'hunter2'], 'Give one email.'],
  [['ada@example.org', '--no'], "Unknown option '--no'"],
  [['ada@example.org', '--password=hunter2'], "Unknown option '--password'"],
])('parseAccountArguments: %j is refused with the usage, and repeats no password', (args, complaint) => {
  const refused = () => parse(...args);
  expect(refused).toThrow(Refusal);
  expect(refused).toThrow(complaint);
  expect(refused).toThrow(usage);
  expect(refused).not.toThrow('hunter2');
});

test('parseAccountArguments: a switch of another command is unknown', () => {
  expect(() => parseAccountArguments({ args: ['ada@example.org', '--yes'], usage })).toThrow('--yes');
});
