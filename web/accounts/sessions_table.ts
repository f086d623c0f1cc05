import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import { COLUMNS_WITH_PASSWORD, toUserWithPassword, type UserWithPassword } from './user';
import { EXISTS } from './user_search';

const MS_PER_S = 1_000;

/** What a session holds. */
export type SessionData = {
  userId: number;
  /** Identifies the password at the time of the login: when it changes, the session is over. */
  passwordMark: string;
  /** When the user logged in, in milliseconds since 1970. */
  started: number;
};

/** A session, and the account that it belongs to, both as they were at one moment. */
export type StoredSession = {
  data: SessionData;
  /** To the second. */
  end: Date;
  /** Undefined if the account was deleted. */
  user: UserWithPassword | undefined;
};

/** The table of sessions: the data of each, as JSON, and the second at which it ends. */
export type SessionsTable = {
  /** Undefined for a session that has ended, or never was. */
  read(id: string): Promise<StoredSession | undefined>;
  write(id: string, session: { data: SessionData; end: Date }): Promise<void>;
  /** Moves the end of a session. */
  extend(id: string, end: Date): Promise<void>;
  remove(id: string): Promise<void>;
  /** Removes the ended sessions; returns how many. */
  removeEnded(): Promise<number>;
  /** Removes all sessions of a user. Reads every session, so it is for operators' commands, not for pages. */
  removeOfUser(userId: number): Promise<void>;
};

/** A web tier with express-session, which may still serve beside this one, expects it in the data. */
const EARLIER_COOKIE = { originalMaxAge: null };

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
    async write(id, { data, end }) {
      const [expires, text] = [secondsOf(end), JSON.stringify({ ...data, cookie: EARLIER_COOKIE })];
      await database.execute(
        `INSERT INTO sessions (session_id, expires, data) VALUES (?, ?, ?)
         ON DUPLICATE KEY UPDATE expires = ?, data = ?`,
        [id, expires, text, expires, text],
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
  const { userId, passwordMark, started }: SessionData = JSON.parse(row.data);
  return {
    data: { userId, passwordMark, started },
    end: new Date(row.expires * MS_PER_S),
    user: row.id === null ? undefined : toUserWithPassword(row),
  };
}

function secondsOf(moment: Date): number {
  return Math.floor(moment.getTime() / MS_PER_S);
}
