import type { SessionData } from 'express-session';
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import { COLUMNS_WITH_PASSWORD, toUserWithPassword, type UserWithPassword } from './user';
import { EXISTS } from './user_search';

const MS_PER_S = 1_000;

/** A session, and the account that it belongs to, both as they were at one moment. */
export type StoredSession = {
  /** Its cookie holds the end that the table has. */
  session: SessionData;
  /** Undefined if the account was deleted. */
  user: UserWithPassword | undefined;
};

/** The table of sessions: the data of each, as JSON, and the second at which it ends. */
export type SessionsTable = {
  /** Undefined for a session that has ended, or never was. */
  read(id: string): Promise<StoredSession | undefined>;
  write(id: string, session: SessionData): Promise<void>;
  /** Moves the end of a session. */
  extend(id: string, end: Date): Promise<void>;
  remove(id: string): Promise<void>;
  /** Removes the ended sessions; returns how many. */
  removeEnded(): Promise<number>;
  /** Removes all sessions of a user. Reads every session, so it is for operators' commands, not for pages. */
  removeOfUser(userId: number): Promise<void>;
};

export function sessionsTable(database: Database): SessionsTable {
  return {
    async read(id) {
      const [[row]] = await database.execute<RowDataPacket[]>(
        `SELECT s.data, s.expires, ${COLUMNS_WITH_PASSWORD}
         FROM sessions s LEFT JOIN users u ON u.id = CAST(JSON_EXTRACT(s.data, '$.userId') AS UNSIGNED) AND ${EXISTS}
         WHERE s.session_id = ? AND s.expires > ?`,
        [id, secondsOf(new Date())],
      );
      return row && toStoredSession(row);
    },
    async write(id, session) {
      const expires = secondsOf(endOf(session));
      const data = JSON.stringify(session);
      await database.execute(
        `INSERT INTO sessions (session_id, expires, data) VALUES (?, ?, ?)
         ON DUPLICATE KEY UPDATE expires = ?, data = ?`,
        [id, expires, data, expires, data],
      );
    },
    async extend(id, end) {
      await database.execute('UPDATE sessions SET expires = ? WHERE session_id = ?', [secondsOf(end), id]);
    },
    async remove(id) {
      await database.execute('DELETE FROM sessions WHERE session_id = ?', [id]);
    },
    async removeEnded() {
      const [result] = await database.execute<ResultSetHeader>('DELETE FROM sessions WHERE expires <= ?', [
        secondsOf(new Date()),
      ]);
      return result.affectedRows;
    },
    async removeOfUser(userId) {
      await database.execute("DELETE FROM sessions WHERE JSON_EXTRACT(data, '$.userId') = ?", [userId]);
    },
  };
}

function toStoredSession(row: RowDataPacket): StoredSession {
  const session: SessionData = JSON.parse(row.data);
  session.cookie.expires = new Date(row.expires * MS_PER_S);
  return { session, user: row.id === null ? undefined : toUserWithPassword(row) };
}

/** When a session ends. Every cookie of the site expires; JSON holds the time as text. */
export function endOf({ cookie }: SessionData): Date {
  if (!cookie.expires) throw new Error('a session has no end');
  return new Date(cookie.expires);
}

function secondsOf(moment: Date): number {
  return Math.floor(moment.getTime() / MS_PER_S);
}
