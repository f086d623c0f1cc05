import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';

type Role = 'student' | 'staff';

export type User = {
  id: number;
  email: string;
  firstName: string;
  lastName: string;
  role: Role;
  /** UTC. */
  created: Date;
};

/** A user with what is needed to check a password; kept apart so that a page is never given the hash. */
export type UserWithPassword = User & { passwordHash: string };

export type UserToInsert = Pick<
  UserWithPassword,
  'email' | 'firstName' | 'lastName' | 'role' | 'passwordHash'
>;

/** The accounts, whatever keeps them. */
export type Users = {
  /** Answers the new user's id. Throws EmailTaken. */
  insert(user: UserToInsert): Promise<number>;
  /** Finds an account whatever the case of its email. */
  findByEmail(email: string): Promise<UserWithPassword | undefined>;
  /** Finds those that exist, in no order. */
  findByIds(ids: readonly number[]): Promise<User[]>;
  count(): Promise<number>;
};

/** An account with this email exists already. */
export class EmailTaken extends Error {
  readonly code = 'EMAIL_TAKEN';

  constructor(options?: ErrorOptions) {
    super('an account with this email exists already', options);
  }
}

/** The users table. All of its SQL is here. */
export function usersTable(pool: Pool): Users {
  return {
    insert: (user) => insert(pool, user),
    findByEmail: (email) => findByEmail(pool, email),
    findByIds: (ids) => findByIds(pool, ids),
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
    'SELECT id, email, first_name, last_name, role, created, password_hash FROM users WHERE email = ?',
    [email],
  );
  const row = rows[0];
  return row && { ...toUser(row), passwordHash: row.password_hash };
}

async function findByIds(pool: Pool, ids: readonly number[]): Promise<User[]> {
  // `IN ()` is not SQL.
  if (ids.length === 0) return [];
  const [rows] = await pool.query<RowDataPacket[]>(
    'SELECT id, email, first_name, last_name, role, created FROM users WHERE id IN (?)',
    [ids],
  );
  return rows.map(toUser);
}

async function count(pool: Pool): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>('SELECT COUNT(*) AS count FROM users');
  return Number(rows[0]?.count);
}

function toUser(row: RowDataPacket): User {
  return {
    id: row.id,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    role: row.role,
    created: row.created,
  };
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ER_DUP_ENTRY';
}
