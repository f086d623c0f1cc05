import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { type Deletion, deleteUser } from './deleted_users';
import { leastActiveStudents, type StudentActivity } from './service_calls';
import { forgetUnseenSales } from './unseen_sales';
import {
  COLUMNS,
  COLUMNS_WITH_PASSWORD,
  toUser,
  toUserWithPassword,
  type User,
  type UserWithPassword,
} from './user';
import { EXISTS, searchedIds } from './user_search';

/** Enough to read at a glance; to narrow a longer list, people type another letter. */
const LIST_SIZE = 20;

export type UserToInsert = Pick<
  UserWithPassword,
  'email' | 'firstName' | 'lastName' | 'role' | 'passwordHash'
>;

/** The first of the requested users. */
export type UserList = {
  users: User[];
  /** True if there are more than these. */
  isMore: boolean;
};

/** The accounts, independent of their storage. Nothing finds a deleted one. */
export type Users = {
  /** Returns the new user's id. Throws EmailTaken. */
  insert(user: UserToInsert): Promise<number>;
  /** Finds an account by its email, in any case. */
  findByEmail(email: string): Promise<UserWithPassword | undefined>;
  findById(id: number): Promise<UserWithPassword | undefined>;
  /** Finds those that exist, in no order. */
  findByIds(ids: readonly number[]): Promise<User[]>;
  /** Those whose first name, last name or email begins so, ignoring case and accents, ordered by name. */
  search(text: string): Promise<UserList>;
  /** The latest accounts, the newest first. */
  latest(): Promise<UserList>;
  /** Changes a password; false if its hash is no longer `from`. */
  replacePassword(change: { id: number; from: string; to: string }): Promise<boolean>;
  /** Deletes an account and everything that belongs to it alone; undefined if there is none. */
  delete(id: number): Promise<Deletion | undefined>;
  /** Marks so many sales as seen. */
  forgetUnseenSales(seen: { id: number; count: number }): Promise<void>;
  /** Students with the fewest calls of the services, in that order; those with none are among them, the staff is not. */
  leastActive(limit: number): Promise<StudentActivity[]>;
  /** How many accounts were ever made, deleted ones included. */
  count(): Promise<number>;
};

/** An account with this email exists already. */
export class EmailTaken extends Error {
  readonly code = 'EMAIL_TAKEN';

  constructor(options?: ErrorOptions) {
    super('an account with this email exists already', options);
  }
}

/** The users table. All of its SQL is here; user.ts names the columns, and user_search.ts builds the conditions of a search. */
export function usersTable(pool: Pool): Users {
  return {
    insert: (user) => insert(pool, user),
    findByEmail: (email) => findByEmail(pool, email),
    findById: (id) => findById(pool, id),
    findByIds: (ids) => findByIds(pool, ids),
    search: (text) => search(pool, text),
    latest: () => latest(pool),
    replacePassword: (change) => replacePassword(pool, change),
    delete: (id) => deleteUser(pool, id),
    forgetUnseenSales: (seen) => forgetUnseenSales(pool, seen),
    leastActive: (limit) => leastActiveStudents(pool, limit),
    count: () => count(pool),
  };
}

async function insert(pool: Pool, user: UserToInsert): Promise<number> {
  try {
    const [result] = await pool.execute<ResultSetHeader>(
      'INSERT INTO users (email, first_name, last_name, role, password_hash) VALUES (?, ?, ?, ?, ?)',
      [user.email, user.firstName, user.lastName, user.role, user.passwordHash],
    );
    return result.insertId;
  } catch (error) {
    if (isDuplicate(error)) throw new EmailTaken({ cause: error });
    throw error;
  }
}

async function findByEmail(pool: Pool, email: string): Promise<UserWithPassword | undefined> {
  const [rows] = await pool.execute<RowDataPacket[]>(
    `SELECT ${COLUMNS_WITH_PASSWORD} FROM users u WHERE u.email = ? AND ${EXISTS}`,
    [email],
  );
  return rows[0] && toUserWithPassword(rows[0]);
}

async function findById(pool: Pool, id: number): Promise<UserWithPassword | undefined> {
  const [rows] = await pool.execute<RowDataPacket[]>(
    `SELECT ${COLUMNS_WITH_PASSWORD} FROM users u WHERE u.id = ? AND ${EXISTS}`,
    [id],
  );
  return rows[0] && toUserWithPassword(rows[0]);
}

async function findByIds(pool: Pool, ids: readonly number[]): Promise<User[]> {
  // `IN ()` is not SQL.
  if (ids.length === 0) return [];
  const [rows] = await pool.query<RowDataPacket[]>(
    `SELECT ${COLUMNS} FROM users u WHERE u.id IN (?) AND ${EXISTS}`,
    [ids],
  );
  return rows.map(toUser);
}

async function search(pool: Pool, text: string): Promise<UserList> {
  const { sql, values } = searchedIds(text, LIST_SIZE + 1);
  const [rows] = await pool.execute<RowDataPacket[]>(
    `SELECT ${COLUMNS} FROM (${sql}) AS found JOIN users u ON u.id = found.id WHERE ${EXISTS}
     ORDER BY u.last_name, u.first_name, u.id LIMIT ${LIST_SIZE + 1}`,
    values,
  );
  return toList(rows);
}

async function latest(pool: Pool): Promise<UserList> {
  const [rows] = await pool.execute<RowDataPacket[]>(
    `SELECT ${COLUMNS} FROM users u WHERE ${EXISTS} ORDER BY u.id DESC LIMIT ${LIST_SIZE + 1}`,
  );
  return toList(rows);
}

async function replacePassword(
  pool: Pool,
  { id, from, to }: { id: number; from: string; to: string },
): Promise<boolean> {
  // The condition is in the writing statement, so of two simultaneous changes only one finds the old password.
  const [result] = await pool.execute<ResultSetHeader>(
    'UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?',
    [to, id, from],
  );
  return result.affectedRows === 1;
}

async function count(pool: Pool): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>('SELECT COUNT(*) AS count FROM users');
  return Number(rows[0]?.count);
}

function toList(rows: readonly RowDataPacket[]): UserList {
  return { users: rows.slice(0, LIST_SIZE).map(toUser), isMore: rows.length > LIST_SIZE };
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ER_DUP_ENTRY';
}
