import type { NewUser } from '../web/accounts/new_user';
import { hashPassword } from '../web/accounts/passwords';
import { EmailTaken, usersTable } from '../web/accounts/users';
import { connect } from '../web/database';
import { migrate } from '../web/migrations';
import { config } from './config';
import { readPassword } from './password';
import { failureOf, mysqlUrl, PASSWORD_SECRET, requireMysql } from './services/mysql';
import { startFolder } from './services/places';
import { rememberedPorts } from './services/ports';
import { Refusal } from './services/refusal';
import { readSecret } from './services/secrets';
import { runScript, say } from './services/terminal';
import { checkUser, parseUserArguments } from './user_arguments';

const USAGE = 'Usage: npm run user:add -- --email E --first-name F --last-name L [--role student|staff]';

/** `npm run user:add`: adds one account. */
async function addUser(): Promise<number> {
  const user = await readUser();
  const url = await findDatabase();
  const pool = connect(url);
  try {
    await migrate(pool);
    const id = await insert(usersTable(pool), user);
    say(`Added ${user.role} ${user.firstName} ${user.lastName} <${user.email}> as user ${id}.`);
    return 0;
  } finally {
    await pool.end();
  }
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

/** The database of the environment, otherwise the private one of `npm start`. */
async function findDatabase(): Promise<string> {
  if (config.mysqlUrl !== undefined) {
    await requireMysql(config.mysqlUrl);
    return config.mysqlUrl;
  }
  const port = rememberedPorts(startFolder).mysql;
  const password = readSecret(startFolder, PASSWORD_SECRET);
  const url = port && password && mysqlUrl({ port, password });
  if (!url || (await failureOf(url)) !== undefined) {
    throw new Refusal('The local database is not running: start it with `npm start`, or set MYSQL_URL.');
  }
  return url;
}

void runScript(addUser);
