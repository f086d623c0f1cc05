import { Duplex } from 'node:stream';
import type { PoolConnection } from 'mysql2';
import type { Pool } from 'mysql2/promise';
import { connect, POOL_SIZE } from './database';

/** A visitor is sent the page of an outage after a few seconds, and no connection stays with a server that froze. */
const CONNECT_LIMIT_MS = 2_000;
/** Longer than a new connection may take to be made. */
const ACQUIRE_LIMIT_MS = 2_500;
/** For one statement, or for a whole transaction: they take milliseconds. */
const HOLD_LIMIT_MS = 3_000;

/** How the connections are used. */
export type PoolUse = { size: number; used: number; waiting: number };

export type BoundedPool = { pool: Pool; use: () => PoolUse };

/** MySQL accepts connections, or has accepted one, and does not answer. */
class DatabaseSilent extends Error {
  readonly code = 'DATABASE_SILENT';
}

/**
 * Makes a pool whose every wait is bounded: for a connection, and for what is done with it. mysql2 bounds neither, so a server that
 * accepts and never answers would hold each request for as long. Not for migrations, which may take minutes.
 */
export function connectBounded(mysqlUrl: string): BoundedPool {
  const pool = connect(mysqlUrl, { connectTimeoutMs: CONNECT_LIMIT_MS });
  const holds = boundHolds(pool);
  const waits = boundWaits(pool, holds.begin);
  return { pool, use: () => ({ size: POOL_SIZE, used: holds.count(), waiting: waits.count() }) };
}

/** Breaks a connection that is not returned in time; its statement then fails, and another connection replaces it. */
function boundHolds({ pool }: Pool) {
  const timers = new Map<PoolConnection, NodeJS.Timeout>();
  const end = (connection: PoolConnection) => {
    clearTimeout(timers.get(connection));
    timers.delete(connection);
  };
  pool.on('connection', (connection) => {
    for (const event of ['end', 'error']) connection.once(event, () => end(connection));
  });
  pool.on('release', end);
  return {
    begin(connection: PoolConnection) {
      // It may come directly from another holder, without a release in between.
      end(connection);
      timers.set(
        connection,
        setTimeout(() => breakOff(connection), HOLD_LIMIT_MS),
      );
    },
    count: () => timers.size,
  };
}

/** With `destroy` of mysql2, the running statement would never get an answer. */
function breakOff(connection: PoolConnection): void {
  const stream = 'stream' in connection && connection.stream;
  if (stream instanceof Duplex) stream.destroy(new DatabaseSilent(`no answer within ${HOLD_LIMIT_MS} ms`));
  else connection.destroy();
}

type Acquired = Parameters<Pool['pool']['getConnection']>[0];

/** Gives up on a connection that does not come in time. Everything in the pool gets its connection here. */
function boundWaits({ pool }: Pool, onAcquired: (connection: PoolConnection) => void) {
  const acquire = pool.getConnection.bind(pool);
  let waiting = 0;
  pool.getConnection = (callback: Acquired) => {
    let isLate = false;
    waiting += 1;
    const timer = setTimeout(() => {
      isLate = true;
      waiting -= 1;
      // If it fails, mysql2 passes no connection either.
      Reflect.apply(callback, undefined, [new DatabaseSilent(`no connection within ${ACQUIRE_LIMIT_MS} ms`)]);
    }, ACQUIRE_LIMIT_MS);
    acquire((error, connection) => {
      if (isLate) return connection?.release();
      clearTimeout(timer);
      waiting -= 1;
      if (error === null) onAcquired(connection);
      callback(error, connection);
    });
  };
  return { count: () => waiting };
}
