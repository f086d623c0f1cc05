import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import type { ServiceCall } from '../quota/client';
import { type Queue, queueTable } from './queue';

/** The outbox table: calls of the services that were made, and are still to be sent to the daemon. */
export function outboxTable(pool: Pool): Queue<ServiceCall> {
  return queueTable(pool, {
    name: 'outbox',
    id: 'id',
    since: 'call_time',
    columns: ['request_id', 'user_id', 'service', 'call_time'],
    toCall,
  });
}

/**
 * Stores that a call was made, now. Call it in the transaction that does the call's work, so that both are kept, or
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

function toCall(row: RowDataPacket): ServiceCall {
  return {
    subject: String(row.user_id),
    service: row.service,
    requestId: row.request_id,
    callTime: row.call_time,
  };
}

/** Removes the calls of a user who is being deleted, and returns how many: the daemon must not record that user again. */
export async function removeCallsOf(database: Database, userId: number): Promise<number> {
  const [{ affectedRows }] = await database.execute<ResultSetHeader>('DELETE FROM outbox WHERE user_id = ?', [
    userId,
  ]);
  return affectedRows;
}
