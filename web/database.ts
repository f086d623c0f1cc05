import { setTimeout as pause } from 'node:timers/promises';
import { createPool, type Pool, type PoolConnection } from 'mysql2/promise';

/** A dead server is noticed after this long, well before a visitor gives up. */
const CONNECT_TIMEOUT_MS = 5_000;

/** How many connections a pool makes at most. */
export const POOL_SIZE = 10;

const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'DATABASE_SILENT',
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
]);

/** The server undid the transaction to let another one go on, and says that it may be run again. */
const RESTART_CODES = new Set(['ER_LOCK_DEADLOCK', 'ER_CHECKREAD']);

/** Each try lets at least one other transaction through, so that few are needed. */
const MAX_RUNS = 5;

const MAX_RESTART_PAUSE_MS = 20;

/** What runs statements: the pool, or the one connection of a transaction. */
export type Database = Pick<Pool | PoolConnection, 'query' | 'execute'>;

/** Makes a pool for a `mysql://` URL. Opens no connection yet. Dates go in and come out as UTC. */
export function connect(mysqlUrl: string, { connectTimeoutMs = CONNECT_TIMEOUT_MS } = {}): Pool {
  return createPool({
    uri: mysqlUrl,
    timezone: 'Z',
    charset: 'utf8mb4',
    connectTimeout: connectTimeoutMs,
    connectionLimit: POOL_SIZE,
    enableKeepAlive: true,
  });
}

/** Whether MySQL answers at all; throws if it does not. */
export async function answers(pool: Pool): Promise<boolean> {
  await pool.query('SELECT 1');
  return true;
}

/**
 * Does the work in one transaction: all of it is kept, or none. Repeats it, a few times, if MySQL asks for that after a
 * deadlock; so the work must change nothing but the database. If the connection breaks during the commit, it throws, and
 * the work may have been kept, whole.
 */
export async function inTransaction<T>(pool: Pool, work: (database: Database) => Promise<T>): Promise<T> {
  for (let run = 1; ; run += 1) {
    try {
      return await runOnce(pool, work);
    } catch (error) {
      if (run === MAX_RUNS || !asksForRestart(error)) throw error;
      // So that two transactions that collided do not restart together.
      await pause(Math.random() * MAX_RESTART_PAUSE_MS);
    }
  }
}

async function runOnce<T>(pool: Pool, work: (database: Database) => Promise<T>): Promise<T> {
  const connection = await pool.getConnection();
  try {
    // For the next transaction only. Gap locks would make unrelated transactions wait for each other, or deadlock.
    await connection.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await connection.beginTransaction();
    const result = await work(connection);
    await connection.commit();
    connection.release();
    return result;
  } catch (error) {
    await undo(connection);
    throw error;
  }
}

async function undo(connection: PoolConnection): Promise<void> {
  try {
    await connection.rollback();
    connection.release();
  } catch {
    // The connection is broken, so the server rolls back with it.
    connection.destroy();
  }
}

function asksForRestart(error: unknown): boolean {
  return error instanceof Error && 'code' in error && RESTART_CODES.has(String(error.code));
}

/** True if an error says that MySQL is out of reach for now, not that a statement was wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('fatal' in error && error.fatal === true) return true;
  return 'code' in error && UNREACHABLE_CODES.has(String(error.code));
}
