import { createPool, type Pool } from 'mysql2/promise';

/** A dead server is noticed after this long, well before a visitor gives up. */
const CONNECT_TIMEOUT_MS = 5_000;
const POOL_SIZE = 10;

const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
]);

/** Makes a pool for a `mysql://` URL. Opens no connection yet. Dates go in and come out as UTC. */
export function connect(mysqlUrl: string): Pool {
  return createPool({
    uri: mysqlUrl,
    timezone: 'Z',
    charset: 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MS,
    connectionLimit: POOL_SIZE,
    enableKeepAlive: true,
  });
}

/** Whether MySQL answers at all; throws where it does not. */
export async function answers(pool: Pool): Promise<boolean> {
  await pool.query('SELECT 1');
  return true;
}

/** True where an error says that MySQL is out of reach for now, not that a statement was wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return ('fatal' in error && error.fatal === true) || UNREACHABLE_CODES.has(String(error.code));
}
