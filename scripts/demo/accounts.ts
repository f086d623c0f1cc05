import { hashPassword } from '../../web/accounts/passwords';
import type { Users } from '../../web/accounts/users';

/** Known to everyone, so these accounts are made in the private local database alone. */
export const DEMO_PASSWORD = 'demonstration';

export const DEMO_ACCOUNTS = [
  { firstName: 'Camille', lastName: 'Lefèvre', email: 'camille@etuservices.example', role: 'student' },
  { firstName: 'Hugo', lastName: 'Moreau', email: 'hugo@etuservices.example', role: 'student' },
  { firstName: 'Inès', lastName: 'Benali', email: 'ines@etuservices.example', role: 'student' },
  { firstName: 'Nathalie', lastName: 'Girard', email: 'nathalie@etuservices.example', role: 'staff' },
] as const;

/** Adds the demonstration accounts where there is no account at all. */
export async function addDemoAccounts(users: Users): Promise<void> {
  if ((await users.count()) > 0) return;
  for (const account of DEMO_ACCOUNTS) {
    await users.insert({ ...account, passwordHash: await hashPassword(DEMO_PASSWORD) });
  }
}
