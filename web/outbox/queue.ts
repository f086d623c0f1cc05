import type { Pool, RowDataPacket } from 'mysql2/promise';
import { type Database, inTransaction } from '../database';

/**
 * How long a claimed row belongs to its relay: longer than a batch takes, and short enough that those of a
 * killed relay do not wait for long. If a relay is slower, another sends the same rows, which is harmless.
 */
const LEASE_MS = 5_000;

const US_PER_MS = 1_000;

/** Something to send to the daemon. */
export type Waiting<Call> = {
  id: number;
  /** How often the daemon has rejected it. */
  refusals: number;
  call: Call;
};

export type Backlog = { waiting: number; oldestAgeMs: number };

/** What is still to send to the daemon, as a relay sees it. Times are those of the database's clock. */
export type Queue<Call> = {
  /** Claims what is due, the longest due first; no other relay gets it meanwhile. */
  claim(limit: number): Promise<Waiting<Call>[]>;
  /** Deletes what was acknowledged. */
  remove(id: number): Promise<void>;
  /** Releases what was claimed, due at once. */
  release(ids: readonly number[]): Promise<void>;
  /** Releases what was rejected, due later. */
  postpone(refused: { id: number; delayMs: number }): Promise<void>;
  backlog(): Promise<Backlog>;
};

/** A table with the columns `refusals` and `next_attempt`. No name in it is chosen by a visitor. */
type QueueTable<Call> = {
  name: string;
  /** The column of the row's number. */
  id: string;
  /** The column of the time since when the row waits. */
  since: string;
  /** The columns that `toCall` reads. */
  columns: readonly string[];
  toCall: (row: RowDataPacket) => Call;
};

/** The statements of a table whose rows are sent to the daemon. */
export function queueTable<Call>(pool: Pool, table: QueueTable<Call>): Queue<Call> {
  const { name, id: key } = table;
  return {
    claim: (limit) => inTransaction(pool, (database) => claim(database, table, limit)),
    async remove(id) {
      await pool.execute(`DELETE FROM ${name} WHERE ${key} = ?`, [id]);
    },
    async release(ids) {
      // `IN ()` is not SQL.
      if (ids.length === 0) return;
      await pool.query(`UPDATE ${name} SET next_attempt = UTC_TIMESTAMP(3) WHERE ${key} IN (?)`, [ids]);
    },
    async postpone({ id, delayMs }) {
      await pool.query(
        `UPDATE ${name} SET refusals = refusals + 1, next_attempt = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND
         WHERE ${key} = ?`,
        [delayMs * US_PER_MS, id],
      );
    },
    backlog: () => backlog(pool, table),
  };
}

async function claim<Call>(
  database: Database,
  { name, id: key, columns, toCall }: QueueTable<Call>,
  limit: number,
): Promise<Waiting<Call>[]> {
  // Skips rows that another relay is claiming or that are not committed yet, instead of waiting for them.
  const [rows] = await database.query<RowDataPacket[]>(
    `SELECT ${key} AS id, refusals, ${columns.join(', ')} FROM ${name}
     WHERE next_attempt <= UTC_TIMESTAMP(3) ORDER BY next_attempt, ${key} LIMIT ? FOR UPDATE SKIP LOCKED`,
    [limit],
  );
  if (rows.length > 0) {
    await database.query(
      `UPDATE ${name} SET next_attempt = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND WHERE ${key} IN (?)`,
      [LEASE_MS * US_PER_MS, rows.map(({ id }) => id)],
    );
  }
  return rows.map((row) => ({ id: row.id, refusals: row.refusals, call: toCall(row) }));
}

async function backlog(
  pool: Pool,
  { name, since }: Pick<QueueTable<unknown>, 'name' | 'since'>,
): Promise<Backlog> {
  const [rows] = await pool.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS waiting,
       COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(${since}), UTC_TIMESTAMP(3)), 0) AS oldest_age_us FROM ${name}`,
  );
  return {
    waiting: Number(rows[0]?.waiting ?? 0),
    oldestAgeMs: Number(rows[0]?.oldest_age_us ?? 0) / US_PER_MS,
  };
}
