import type { NewUser } from '../web/accounts/new_user';
import { hashPassword } from '../web/accounts/passwords';
import { EmailTaken, usersTable } from '../web/accounts/users';
import { nameOf, onDatabase } from './accounts/accounts';
import { checkUser, parseUserArguments } from './accounts/user_arguments';
import { readPassword } from './console/password';
import { Refusal } from './console/refusal';
import { runScript, say } from './console/terminal';

const USAGE = 'Usage: npm run user:add -- --email E --first-name F --last-name L [--role student|staff]';

/** `npm run user:add`: adds one account. */
async function addUser(): Promise<number> {
  const user = await readUser();
  const id = await onDatabase((pool) => insert(usersTable(pool), user));
  say(`Added ${user.role} ${nameOf(user)} as user ${id}.`);
  return 0;
}

async function readUser(): Promise<NewUser> {
  const args = parseUserArguments(process.argv.slice(2));
  // Nobody should type a password twice only to hear that the email was wrong.
  if (process.stdin.isTTY) refuseFaults(checkUser(args, 'a password to be asked'));
  return refuseFaults(checkUser(args, await readPassword()));
}

function refuseFaults(checked: ReturnType<typeof checkUser>): NewUser {
  if ('user' in checked) return checked.user;
  throw new Refusal([...checked.faults, USAGE].join('\n'));
}

async function insert(users: ReturnType<typeof usersTable>, user: NewUser): Promise<number> {
  const { password, ...account } = user;
  try {
    return await users.insert({ ...account, passwordHash: await hashPassword(password) });
  } catch (error) {
    if (error instanceof EmailTaken) throw new Refusal(`--email: ${error.message}`, { cause: error });
    throw error;
  }
}

void runScript(addUser);
