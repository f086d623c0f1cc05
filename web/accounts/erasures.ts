import type { Pool, RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import { type Queue, queueTable } from '../outbox/queue';

/** Longer than a relay may still be sending a call of the user, or a page of theirs be asking the daemon. */
const DELAY_S = 10;

/** A deleted account, as the daemon knows it. */
export type Erased = { subject: string };

/** The erasures table: accounts that were deleted here, and are still to be erased by the daemon. */
export function erasuresTable(pool: Pool): Queue<Erased> {
  return queueTable(pool, {
    name: 'erasures',
    id: 'user_id',
    since: 'deleted',
    columns: ['user_id'],
    toCall: (row: RowDataPacket) => ({ subject: String(row.user_id) }),
  });
}

/** Notes that the daemon must erase a user. Call it in the transaction that deletes the account. */
export async function insertErasure(database: Database, userId: number): Promise<void> {
  await database.query(
    'INSERT INTO erasures (user_id, next_attempt) VALUES (?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND)',
    [userId, DELAY_S],
  );
}
