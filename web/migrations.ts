import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import { type RunnableMigration, Umzug, type UmzugStorage } from 'umzug';

const DIRECTORY = join(__dirname, 'migrations');

/** Long enough for another instance to finish its migrations, short enough to notice one that hangs. */
const LOCK_TIMEOUT_S = 60;

// The server's locks are shared by all its databases, and their names hold at most 64 characters. MySQL 9 has no SHA1.
const LOCK_NAME = 'SHA2(DATABASE(), 256)';

/** Another instance has been migrating for longer than the wait allows. */
class MigrationLockTimeout extends Error {
  readonly code = 'MIGRATION_LOCK_TIMEOUT';

  constructor() {
    super(`another instance has held the migrations' lock for ${LOCK_TIMEOUT_S} s`);
  }
}

/**
 * Applies every migration that has not been applied yet, in order, each once, also when several instances start
 * together. Returns the applied names. If there is nothing to apply, it only reads, so the account of a site need not
 * have the right to change tables.
 */
export async function migrate(pool: Pool): Promise<string[]> {
  // A MySQL lock belongs to its connection, so the same one holds the lock and does the work.
  const connection = await pool.getConnection();
  try {
    await takeLock(connection);
    return await applyPending(connection);
  } finally {
    await releaseLock(connection);
  }
}

async function takeLock(connection: PoolConnection): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT GET_LOCK(${LOCK_NAME}, ?) AS held`, [
    LOCK_TIMEOUT_S,
  ]);
  if (rows[0]?.held !== 1) throw new MigrationLockTimeout();
}

async function releaseLock(connection: PoolConnection): Promise<void> {
  try {
    await connection.query(`DO RELEASE_LOCK(${LOCK_NAME})`);
    connection.release();
  } catch {
    // The connection is broken, so the server has dropped the lock with it.
    connection.destroy();
  }
}

async function applyPending(connection: PoolConnection): Promise<string[]> {
  const migrations = await readMigrations();
  const applied = await appliedNames(connection);
  if (migrations.every(({ name }) => applied?.includes(name))) return [];
  await connection.query(
    'CREATE TABLE IF NOT EXISTS migrations (name VARCHAR(255) NOT NULL PRIMARY KEY, ' +
      'applied DATETIME(3) NOT NULL) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  );
  const umzug = new Umzug<PoolConnection>({
    migrations,
    context: connection,
    storage,
    logger: undefined,
  });
  return (await umzug.up()).map(({ name }) => name);
}

/** The names of the applied migrations; undefined if the database is new. */
async function appliedNames(connection: PoolConnection): Promise<string[] | undefined> {
  const [tables] = await connection.query<RowDataPacket[]>("SHOW TABLES LIKE 'migrations'");
  return tables.length === 0 ? undefined : storage.executed({ context: connection });
}

async function readMigrations(): Promise<RunnableMigration<PoolConnection>[]> {
  const files = (await readdir(DIRECTORY)).filter((file) => file.endsWith('.sql')).sort();
  return files.map((file) => ({
    name: file,
    up: async ({ context }) => context.query(await readFile(join(DIRECTORY, file), 'utf8')),
  }));
}

const storage: UmzugStorage<PoolConnection> = {
  async executed({ context }) {
    const [rows] = await context.query<RowDataPacket[]>('SELECT name FROM migrations ORDER BY name');
    return rows.map((row) => String(row.name));
  },
  async logMigration({ name, context }) {
    await context.execute('INSERT INTO migrations (name, applied) VALUES (?, UTC_TIMESTAMP(3))', [name]);
  },
  async unlogMigration({ name, context }) {
    await context.execute('DELETE FROM migrations WHERE name = ?', [name]);
  },
};
