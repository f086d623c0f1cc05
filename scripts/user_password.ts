import type { Pool } from 'mysql2/promise';
import { hashPassword } from '../web/accounts/passwords';
import { sessionsTable } from '../web/accounts/sessions_table';
import { usersTable } from '../web/accounts/users';
import { parseAccountArguments } from './accounts/account_arguments';
import { nameOf, onDatabase, requireUser } from './accounts/accounts';
import { passwordFaults } from './accounts/user_arguments';
import { readPassword } from './console/password';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';

const USAGE = 'Usage: npm run user:password EMAIL';

/** `npm run user:password`: gives an account a new password, which ends its sessions. */
async function resetPassword(): Promise<number> {
  const { email } = parseAccountArguments({ args: process.argv.slice(2), usage: USAGE });
  const user = await onDatabase((pool) => replacePassword(pool, email));
  say(`Changed the password of ${nameOf(user)}, user ${user.id}, and ended all sessions.`);
  return 0;
}

async function replacePassword(pool: Pool, email: string) {
  // Before the password is asked for, which nobody should type twice for an email that is wrong.
  const user = await requireUser(pool, email);
  const password = await readPassword();
  const faults = passwordFaults(password, user);
  if (faults.length > 0) throw new Refusal(faults.join('\n'));
  const change = { id: user.id, from: user.passwordHash, to: await hashPassword(password) };
  if (!(await usersTable(pool).replacePassword(change)))
    throw new Refusal('The account was changed at the same moment. Nothing was changed here: try again.');
  await sessionsTable(pool).removeOfUser(user.id);
  return user;
}

void runScript(resetPassword);
