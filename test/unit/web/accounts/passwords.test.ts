import { describe, expect, test } from '@jest/globals';
import { hashPassword, verifyPassword } from '../../../../web/accounts/passwords';

describe('passwords', () => {
  test('passwords: a hash, is argon2id with the OWASP parameters and a salt of its own', async () => {
    const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,(p=1,t=2|t=2,p=1)\$/);
    expect(one).not.toBe(two);
  });

  test('passwords: the right one, is accepted', async () => {
    expect(await verifyPassword(await hashPassword('correct horse'), 'correct horse')).toBe(true);
  });

  test('passwords: a wrong one, is refused', async () => {
    expect(await verifyPassword(await hashPassword('correct horse'), 'correct house')).toBe(false);
  });

  test('passwords: accents typed in another composition, are the same password', async () => {
    const typed = 'élégante café';
    expect(await verifyPassword(await hashPassword(typed.normalize('NFD')), typed.normalize('NFC'))).toBe(
      true,
    );
  });

  test('passwords: no account, the answer is no and takes as long as a wrong password', async () => {
    const hash = await hashPassword('correct horse');
    await verifyPassword(undefined, 'warm up');
    const wrong = await bestTime(() => verifyPassword(hash, 'wrong password'));
    const unknown = await bestTime(() => verifyPassword(undefined, 'wrong password'));
    expect(await verifyPassword(undefined, 'wrong password')).toBe(false);
    expect(unknown).toBeGreaterThan(wrong / 2);
    expect(unknown).toBeLessThan(wrong * 2);
  });
});

/** The best of several, for a busy machine only ever adds to a time. */
async function bestTime(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}
