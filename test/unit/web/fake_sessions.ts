import type { SessionData, SessionsTable } from '../../../web/accounts/sessions_table';
import type { Users } from '../../../web/accounts/users';

type Row = { data: SessionData; end: Date };

/** A sessions table in memory; `rows` may be looked at and changed. */
export type FakeSessions = SessionsTable & { rows: Map<string, Row> };

/** Reads the accounts of the sessions from `users`. */
export function fakeSessions(users: Pick<Users, 'findById'>): FakeSessions {
  const rows = new Map<string, Row>();
  return {
    rows,
    async read(id) {
      const row = rows.get(id);
      if (row === undefined || row.end.getTime() <= Date.now()) return undefined;
      return { ...row, user: await users.findById(row.data.userId) };
    },
    async write(id, row) {
      rows.set(id, row);
    },
    async extend(id, end) {
      const row = rows.get(id);
      if (row !== undefined) rows.set(id, { ...row, end });
    },
    async remove(id) {
      rows.delete(id);
    },
    removeEnded: async () => 0,
    async removeOfUser(userId) {
      for (const [id, { data }] of rows) if (data.userId === userId) rows.delete(id);
    },
  };
}
