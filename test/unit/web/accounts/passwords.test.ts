import { describe, expect, jest, test } from '@jest/globals';
import argon2 from 'argon2';
import { hashPassword, verifyPassword } from '../../../../web/accounts/passwords';

describe('passwords', () => {
  test('passwords: a hash is argon2id with the OWASP parameters and a salt of its own', async () => {
    const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,(p=1,t=2|t=2,p=1)\$/);
    expect(one).not.toBe(two);
  });

  test('passwords: the right one is accepted', async () => {
    expect(await verifyPassword(await hashPassword('correct horse'), 'correct horse')).toBe(true);
  });

  test('passwords: a wrong one is refused', async () => {
    expect(await verifyPassword(await hashPassword('correct horse'), 'correct house')).toBe(false);
  });

  test('passwords: accents typed in another composition are the same password', async () => {
    const typed = 'élégante café';
    expect(await verifyPassword(await hashPassword(typed.normalize('NFD')), typed.normalize('NFC'))).toBe(
      true,
    );
  });

  test('passwords: no account, the answer is no, after the same work as for a wrong password', async () => {
    const verify = jest.spyOn(argon2, 'verify');
    await verifyPassword(await hashPassword('correct horse'), 'wrong password');
    const answer = await verifyPassword(undefined, 'wrong password');

    const [wrong = '', unknown = ''] = verify.mock.calls.map(([stored]) => parametersOf(stored));
    verify.mockRestore();
    expect(answer).toBe(false);
    expect(wrong).toContain('m=19456');
    expect(unknown).toBe(wrong);
  });
});

/** What a hash says of the work that checking it takes: all but its salt and itself. */
function parametersOf(hash: string): string {
  return hash.split('$').slice(0, 4).join('$');
}
