import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';

/** A student, and the number of that student's calls. */
export type StudentActivity = { id: number; count: number };

/** The account was deleted during its call. */
export class UserDeleted extends Error {
  readonly code = 'USER_DELETED';
}

/**
 * Counts one call of a user. Call it first in the transaction that does the call's work: an article that refers to the user
 * locks the user's row as well, less strictly, and two calls at once would then wait for each other.
 * Throws UserDeleted, so that nothing is sold or bought in the name of nobody.
 */
export async function countServiceCall(database: Database, userId: number): Promise<void> {
  const [result] = await database.execute<ResultSetHeader>(
    "UPDATE users SET service_call_count = service_call_count + 1 WHERE id = ? AND role <> 'deleted'",
    [userId],
  );
  if (result.affectedRows === 0) throw new UserDeleted(`user ${userId} was deleted`);
}

/** Students with the fewest calls, those who never made one included and the staff left out; by count, then by id. */
export async function leastActiveStudents(database: Database, limit: number): Promise<StudentActivity[]> {
  const [rows] = await database.query<RowDataPacket[]>(
    "SELECT id, service_call_count FROM users WHERE role = 'student' ORDER BY service_call_count, id LIMIT ?",
    [limit],
  );
  return rows.map((row) => ({ id: row.id, count: Number(row.service_call_count) }));
}
