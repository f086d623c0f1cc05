import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { type Database, inTransaction } from '../database';
import type { ServiceCall } from '../quota/client';

/**
 * How long a claimed call is left to the relay that claimed it: longer than a batch takes, and short enough that those of a
 * relay that was killed do not wait for long. A relay that is slower lets another tell the same calls, which is harmless.
 */
const LEASE_MS = 5_000;

const US_PER_MS = 1_000;

/** A call that is to be told to the daemon. */
export type WaitingCall = {
  id: number;
  /** How often the daemon has said that it cannot take this one. */
  refusals: number;
  call: ServiceCall;
};

export type Backlog = { waiting: number; oldestAgeMs: number };

/** The calls that are still to be told to the daemon, as a relay sees them. Time is the database's own. */
export type Outbox = {
  /** Takes calls that are due, the longest due first; no other relay gets them meanwhile. */
  claim(limit: number): Promise<WaitingCall[]>;
  /** Forgets a call that was acknowledged. */
  remove(id: number): Promise<void>;
  /** Gives calls back, due at once. */
  release(ids: readonly number[]): Promise<void>;
  /** Gives back a call that was refused, due later. */
  postpone(refused: { id: number; delayMs: number }): Promise<void>;
  backlog(): Promise<Backlog>;
};

/** The outbox table. All of its SQL is here. */
export function outboxTable(pool: Pool): Outbox {
  return {
    claim: (limit) => inTransaction(pool, (database) => claim(database, limit)),
    async remove(id) {
      await pool.execute('DELETE FROM outbox WHERE id = ?', [id]);
    },
    async release(ids) {
      // `IN ()` is not SQL.
      if (ids.length === 0) return;
      await pool.query('UPDATE outbox SET next_attempt = UTC_TIMESTAMP(3) WHERE id IN (?)', [ids]);
    },
    async postpone({ id, delayMs }) {
      await pool.query(
        'UPDATE outbox SET refusals = refusals + 1, next_attempt = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND WHERE id = ?',
        [delayMs * US_PER_MS, id],
      );
    },
    backlog: () => backlog(pool),
  };
}

/**
 * Writes down that a call was made, now. To be called in the transaction that does the call's work, so that both are kept, or
 * neither is.
 */
export async function insertCall(
  database: Database,
  { requestId, userId, service }: { requestId: string; userId: number; service: string },
): Promise<void> {
  await database.execute('INSERT INTO outbox (request_id, user_id, service) VALUES (?, ?, ?)', [
    requestId,
    userId,
    service,
  ]);
}

async function claim(database: Database, limit: number): Promise<WaitingCall[]> {
  // What another relay is claiming, and what is not committed yet, is stepped over, never waited for.
  const [rows] = await database.query<RowDataPacket[]>(
    'SELECT id, request_id, user_id, service, call_time, refusals FROM outbox ' +
      'WHERE next_attempt <= UTC_TIMESTAMP(3) ORDER BY next_attempt, id LIMIT ? FOR UPDATE SKIP LOCKED',
    [limit],
  );
  if (rows.length > 0) {
    await database.query(
      'UPDATE outbox SET next_attempt = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND WHERE id IN (?)',
      [LEASE_MS * US_PER_MS, rows.map(({ id }) => id)],
    );
  }
  return rows.map(toWaitingCall);
}

async function backlog(pool: Pool): Promise<Backlog> {
  const [rows] = await pool.query<RowDataPacket[]>(
    'SELECT COUNT(*) AS waiting, COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(call_time), UTC_TIMESTAMP(3)), 0) AS oldest_age_us ' +
      'FROM outbox',
  );
  return {
    waiting: Number(rows[0]?.waiting ?? 0),
    oldestAgeMs: Number(rows[0]?.oldest_age_us ?? 0) / US_PER_MS,
  };
}

function toWaitingCall(row: RowDataPacket): WaitingCall {
  return {
    id: row.id,
    refusals: row.refusals,
    call: {
      subject: String(row.user_id),
      service: row.service,
      requestId: row.request_id,
      callTime: row.call_time,
    },
  };
}

/** Removes the calls of a user that is being deleted, and returns how many: the daemon must not hear of that user again. */
export async function removeCallsOf(database: Database, userId: number): Promise<number> {
  const [{ affectedRows }] = await database.execute<ResultSetHeader>('DELETE FROM outbox WHERE user_id = ?', [
    userId,
  ]);
  return affectedRows;
}
