import { randomBytes } from 'node:crypto';
import type { Pool, ResultSetHeader } from 'mysql2/promise';
import { type Database, inTransaction } from '../database';
import { articlesTable } from '../market/articles';
import { removeCallsOf } from '../outbox/outbox';
import { insertErasure } from './erasures';
import { hashPassword } from './passwords';
import { sessionsTable } from './sessions_table';

const UNKNOWN_PASSWORD_BYTES = 32;

/** What was removed together with an account. */
export type Deletion = { articles: number; calls: number };

/**
 * Deletes an account: names, email, password, when it was made and how often it called, sessions, what it has for sale, and its calls
 * that the daemon has not recorded yet; what the daemon keeps under its id is erased soon after. Its row stays without all of that, so that its id is never given to another, and sold
 * articles stay for their buyers. Returns undefined if there is no such account.
 */
export async function deleteUser(pool: Pool, id: number): Promise<Deletion | undefined> {
  // The hash of a password that nobody has seen: an older version of the site, which knows no deleted users, rejects each login too.
  const passwordHash = await hashPassword(randomBytes(UNKNOWN_PASSWORD_BYTES).toString('hex'));
  return inTransaction(pool, async (database) => {
    // First, because a sale by this user that is in progress locks the same row.
    if (!(await eraseUser(database, { id, passwordHash }))) return undefined;
    const articles = await articlesTable(database).removeUnsold(id);
    await sessionsTable(database).removeOfUser(id);
    await insertErasure(database, id);
    return { articles, calls: await removeCallsOf(database, id) };
  });
}

async function eraseUser(
  database: Database,
  { id, passwordHash }: { id: number; passwordHash: string },
): Promise<boolean> {
  // The column holds each email once, so each deleted user needs another text; no new account can have one without an @.
  const [result] = await database.execute<ResultSetHeader>(
    `UPDATE users SET role = 'deleted', email = CONCAT('deleted-', id), first_name = '', last_name = '', password_hash = ?,
       created = '1970-01-01', service_call_count = 0, unseen_sale_count = 0
     WHERE id = ? AND role <> 'deleted'`,
    [passwordHash, id],
  );
  return result.affectedRows === 1;
}
