import type { Pool } from 'mysql2/promise';
import { deleteUser } from '../web/accounts/deleted_users';
import type { User } from '../web/accounts/user';
import { parseAccountArguments } from './accounts/account_arguments';
import { nameOf, onDatabase, requireUser } from './accounts/accounts';
import { confirm } from './console/confirm';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';

const USAGE = 'Usage: npm run user:delete -- EMAIL [--yes]';

/** `npm run user:delete`: deletes an account, with what it has for sale. */
async function deleteAccount(): Promise<number> {
  const { email, set } = parseAccountArguments({
    args: process.argv.slice(2),
    usage: USAGE,
    switches: ['yes'],
  });
  say(await onDatabase((pool) => deleteByEmail(pool, { email, isConfirmed: set.has('yes') })));
  return 0;
}

async function deleteByEmail(
  pool: Pool,
  { email, isConfirmed }: { email: string; isConfirmed: boolean },
): Promise<string> {
  const user = await requireUser(pool, email);
  if (!isConfirmed) await requireConfirmation(user);
  const deletion = await deleteUser(pool, user.id);
  if (deletion === undefined) throw new Refusal('Someone else has just deleted the account.');
  return `Deleted ${user.role} ${nameOf(user)}, user ${user.id}. Unsold articles removed: ${deletion.articles}.
The web tier now has the daemon erase what it keeps of this user: within a minute, or when both are running again.`;
}

async function requireConfirmation(user: User): Promise<void> {
  const { stdin: input, stderr: output } = process;
  if (!input.isTTY) throw new Refusal(`Nobody is there to confirm: add --yes.\n${USAGE}`);
  const question = `Delete ${user.role} ${nameOf(user)}, with all sessions and what is for sale? This cannot be undone.`;
  if (!(await confirm(question, { input, output }))) throw new Refusal('Nothing was deleted.');
}

void runScript(deleteAccount);
