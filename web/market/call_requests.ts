import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { countServiceCall } from '../accounts/service_calls';
import { LONGEST_MS } from '../accounts/sessions';
import type { Database } from '../database';
import { insertCall } from '../outbox/outbox';

/**
 * A request id is made of the session's id, so it cannot come again once the session has ended. A day more, for clocks that differ.
 */
const OF_USE_MS = LONGEST_MS + 24 * 60 * 60 * 1_000;

/** Few enough that no other transaction waits for long. */
const BATCH = 1_000;

const US_PER_MS = 1_000;

/** One call of a service, by the UUID of its request. */
type Call = { requestId: string; userId: number; service: string };

/**
 * Carries out a call in the transaction of `database`: the work, the count of the user's calls, and the entry for the daemon. A
 * request that was carried out before does nothing. Returns its article.
 */
export async function carryOut(
  database: Database,
  call: Call,
  work: () => Promise<number>,
): Promise<number | undefined> {
  // Waits for the same request if it is in progress, and then finds its result.
  if (!(await claim(database, call.requestId))) return findRequestedArticle(database, call.requestId);
  await countServiceCall(database, call.userId);
  const articleId = await work();
  await database.execute('UPDATE call_requests SET article_id = ? WHERE request_id = ?', [
    articleId,
    call.requestId,
  ]);
  await insertCall(database, call);
  return articleId;
}

/** The article of a request; undefined if there was no such request. */
export async function findRequestedArticle(
  database: Database,
  requestId: string,
): Promise<number | undefined> {
  const [rows] = await database.execute<RowDataPacket[]>(
    'SELECT article_id FROM call_requests WHERE request_id = ?',
    [requestId],
  );
  return rows[0]?.article_id ?? undefined;
}

/** Removes the requests whose ids are of no more use. */
export async function forgetOldRequests(database: Database): Promise<void> {
  let removed = BATCH;
  while (removed === BATCH) {
    const [result] = await database.query<ResultSetHeader>(
      'DELETE FROM call_requests WHERE created < UTC_TIMESTAMP(3) - INTERVAL ? MICROSECOND ORDER BY created LIMIT ?',
      [OF_USE_MS * US_PER_MS, BATCH],
    );
    removed = result.affectedRows;
  }
}

async function claim(database: Database, requestId: string): Promise<boolean> {
  const [result] = await database.execute<ResultSetHeader>(
    'INSERT IGNORE INTO call_requests (request_id) VALUES (?)',
    [requestId],
  );
  return result.affectedRows === 1;
}
