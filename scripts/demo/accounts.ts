import { hashPassword } from '../../web/accounts/passwords';
import type { Users } from '../../web/accounts/users';
import { DEMO } from './data';

/** Adds the demonstration accounts if there is no account at all. */
export async function addDemoAccounts(users: Users): Promise<void> {
  if ((await users.count()) > 0) return;
  const { accounts, password } = DEMO;
  for (const account of accounts) {
    await users.insert({ ...account, passwordHash: await hashPassword(password) });
  }
}
