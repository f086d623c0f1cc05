import { describe, expect, test } from '@jest/globals';
import { newUser } from '../../../../web/accounts/new_user';

const ada = {
  email: ' ada@example.org ',
  firstName: ' Zoë ',
  lastName: "O'Brien-Çelik",
  role: 'student',
  password: 'long enough words',
};

describe('new user', () => {
  test('new user: all is well, spaces around are cut, the password is left as it is', () => {
    const parsed = newUser.parse({ ...ada, password: ' long enough words ' });
    expect(parsed).toMatchObject({
      email: 'ada@example.org',
      firstName: 'Zoë',
      password: ' long enough words ',
    });
  });

  test('new user: five faults, each field is named', () => {
    const parsed = newUser.safeParse({
      email: 'ada',
      firstName: ' ',
      lastName: 'a\nb',
      role: 'x',
      password: 'short',
    });
    const fields = parsed.error?.issues.map((issue) => issue.path[0]);
    expect(fields).toEqual(['email', 'firstName', 'lastName', 'role', 'password']);
  });

  test('new user: a name that cannot be seen is none', () => {
    const parsed = newUser.safeParse({ ...ada, firstName: '\u200b\u2060' });
    expect(parsed.error?.issues.map(({ message }) => message)).toEqual(['account.fault.first-name']);
  });

  test('new user: an email that is not ASCII is refused', () => {
    expect(newUser.safeParse({ ...ada, email: 'ädä@example.org' }).success).toBe(false);
  });
});
