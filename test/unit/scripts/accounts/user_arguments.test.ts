import { expect, test } from '@jest/globals';
import { checkUser, parseUserArguments } from '../../../../scripts/accounts/user_arguments';

const PASSWORD = 'long enough words';
const COMPLETE = ['--email', 'ada@example.org', '--first-name', 'Ada', '--last-name=Lovelace'];

function faultsOf(args: string[], password: string | undefined = PASSWORD): string[] {
  const checked = checkUser(parseUserArguments(args), password);
  return 'faults' in checked ? checked.faults : [];
}

test('checkUser: a complete command line makes a student', () => {
  expect(checkUser(parseUserArguments(COMPLETE), PASSWORD)).toEqual({
    user: {
      email: 'ada@example.org',
      firstName: 'Ada',
      lastName: 'Lovelace',
      role: 'student',
      password: PASSWORD,
    },
  });
});

test('checkUser: --role staff makes a member of the staff', () => {
  expect(checkUser(parseUserArguments([...COMPLETE, '--role', 'staff']), PASSWORD)).toMatchObject({
    user: { role: 'staff' },
  });
});

test('checkUser: without arguments, every option and the password are named at once', () => {
  const faults = faultsOf([], '').join('\n');
  for (const named of ['--email', '--first-name', '--last-name', 'password'])
    expect(faults).toContain(`${named}:`);
});

test('checkUser: an unknown option, a bad role and a bad email are all named at once', () => {
  const faults = faultsOf([...COMPLETE, '--email', 'nobody', '--role', 'king', '--shoe-size', '42']);
  expect(faults.map((fault) => fault.split(':')[0])).toEqual(
    expect.arrayContaining(['--shoe-size', '--email', '--role']),
  );
});

test('checkUser: a password on the command line is rejected without repeating it', () => {
  const faults = faultsOf([...COMPLETE, '--password=hunter2hunter2']);
  expect(faults).toEqual([
    '--password: is not an option; you are asked for the password, or it is read from standard input',
  ]);
});

test('checkUser: an option without its value is named', () => {
  expect(faultsOf([...COMPLETE, '--role'])).toContain('--role: needs a value');
});

test('checkUser: a password that is easy to guess is refused in a sentence', () => {
  expect(faultsOf(COMPLETE, 'aaaaaaaaaa')).toEqual([
    'password: Choose a password that is harder to guess, for example by adding unusual words.',
  ]);
});
