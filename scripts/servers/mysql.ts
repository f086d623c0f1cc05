import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { Refusal } from '../console/refusal';
import { type Running, waitUntilDone, waitUntilReady } from '../processes/processes';
import { keepMysqlContainer, startMysqlContainer } from './mysql_container';
import { DATABASE_NAME, DATABASE_USER, initStatements, serverOptions } from './mysql_options';
import { type DatabaseProgram, databaseProgram, initialisation } from './mysql_programs';
import { choosePort } from './ports';
import { keptSecret, writePrivately } from './secrets';
import type { PrivateServer, ServerWish } from './server';

/** A server that was killed first repairs its tables. */
const START_BOUND_MS = 120_000;
const INITIALISE_BOUND_MS = 180_000;
const CONNECT_BOUND_MS = 3_000;

/** Leaves room for the name of the socket below 108 characters. */
const LONGEST_TEMPORARY_PATH = 60;

const OWN_SOCKET_FOLDER = /\/etu-\w{6}$/;

/** The name of the file that keeps the account's password. */
export const PASSWORD_SECRET = 'mysql_password';

export interface MysqlWish extends ServerWish {
  /** For the tests, which make databases of their own. */
  readonly mayCreateDatabases: boolean;
}

/** Starts a private MySQL or MariaDB on a free loopback port, its data in the folder, and waits until it answers. */
export async function startMysql(wish: MysqlWish): Promise<PrivateServer> {
  const { supervisor, folder, firstPort } = wish;
  const password = keptSecret(folder, PASSWORD_SECRET);
  const port = await choosePort({ folder, name: 'mysql', first: firstPort });
  const account = { ...wish, password, port };
  const program = databaseProgram();
  const running =
    program === undefined
      ? await startMysqlContainer(supervisor, account)
      : await launchProgram(program, account);
  const url = mysqlUrl({ port, password });
  await waitUntilReady(running, async () => (await failureOf(url)) === undefined, START_BOUND_MS);
  if (program === undefined) keepMysqlContainer(folder);
  return { url, port };
}

type Account = MysqlWish & { password: string; port: number };

async function launchProgram(program: DatabaseProgram, account: Account): Promise<Running> {
  const { supervisor, folder, password, port, mayCreateDatabases } = account;
  const data = join(folder, 'mysql');
  await initialiseOnce(program, { ...account, data });
  const initFile = join(folder, 'mysql_init.sql');
  writePrivately(initFile, initStatements({ program, password, mayCreateDatabases }));
  const sockets = socketFolder(folder);
  const running = supervisor.launch({
    name: 'mysql',
    folder,
    command: program.path,
    args: serverOptions(program, { data, port, sockets, initFile }),
    cwd: data,
  });
  running.ended.then(() => rmSync(sockets, { recursive: true, force: true }));
  return running;
}

/** The URL of the account in a private server. */
export function mysqlUrl({ port, password }: { port: number; password: string }): string {
  return `mysql://${DATABASE_USER}:${password}@127.0.0.1:${port}/${DATABASE_NAME}`;
}

/** Refuses if no database answers at the URL. The URL may hold a password, so it is not shown. */
export async function requireMysql(url: string): Promise<void> {
  const failure = await failureOf(url);
  if (failure === undefined) return;
  throw new Refusal(
    `The database at MYSQL_URL cannot be used (${failure}). Correct it, or unset it for a private server.`,
  );
}

/** Why a database cannot be used; undefined if it can. */
export async function failureOf(url: string): Promise<string | undefined> {
  try {
    const connection = await createConnection({ uri: url, connectTimeout: CONNECT_BOUND_MS });
    await connection.query('SELECT 1');
    connection.destroy();
    return undefined;
  } catch (error) {
    return error instanceof Error ? ('code' in error && String(error.code)) || error.message : String(error);
  }
}

async function initialiseOnce(
  program: DatabaseProgram,
  { supervisor, folder, data }: ServerWish & { data: string },
): Promise<void> {
  if (existsSync(data)) return;
  // Made aside and then renamed: one that was cut off in the middle is never taken for a whole one.
  const making = `${data}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { mode: 0o700 });
  const { command, args } = initialisation(program, making);
  const task = supervisor.launchTask({ name: 'mysql_initialise', folder, command, args, cwd: making });
  await waitUntilDone(task, { what: command, boundMs: INITIALISE_BOUND_MS });
  renameSync(making, data);
}

/** A new short path for the socket. One that an earlier run left behind, because it was killed, is removed. */
function socketFolder(folder: string): string {
  const note = join(folder, 'mysql_sockets');
  const earlier = existsSync(note) ? readFileSync(note, 'utf8') : '';
  if (OWN_SOCKET_FOLDER.test(earlier)) rmSync(earlier, { recursive: true, force: true });
  const base = tmpdir().length <= LONGEST_TEMPORARY_PATH ? tmpdir() : '/tmp';
  const sockets = mkdtempSync(join(base, 'etu-'));
  writeFileSync(note, sockets);
  return sockets;
}
