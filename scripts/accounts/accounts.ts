import type { Pool } from 'mysql2/promise';
import type { User, UserWithPassword } from '../../web/accounts/user';
import { usersTable } from '../../web/accounts/users';
import { connect } from '../../web/database';
import { migrate } from '../../web/migrations';
import { Refusal } from '../console/refusal';
import { failureOf, mysqlUrl, PASSWORD_SECRET, requireMysql } from '../servers/mysql';
import { rememberedPorts } from '../servers/ports';
import { readSecret } from '../servers/secrets';
import { config } from '../settings/config';
import { startFolder } from '../settings/paths';

/** Does the work on the database of the accounts, once its tables are up to date. */
export async function onDatabase<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = connect(await findDatabase());
  try {
    await migrate(pool);
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** The account with this email. Refuses if there is none. */
export async function requireUser(pool: Pool, email: string): Promise<UserWithPassword> {
  const user = await usersTable(pool).findByEmail(email);
  if (user === undefined) throw new Refusal(`No account has the email ${email}.`);
  return user;
}

/** A user, as an operator recognises them. */
export function nameOf({
  firstName,
  lastName,
  email,
}: Pick<User, 'firstName' | 'lastName' | 'email'>): string {
  return `${firstName} ${lastName} <${email}>`;
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
