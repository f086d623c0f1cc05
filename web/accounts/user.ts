import type { RowDataPacket } from 'mysql2/promise';

type Role = 'student' | 'staff';

export type User = {
  id: number;
  email: string;
  firstName: string;
  lastName: string;
  role: Role;
  /** UTC. */
  created: Date;
  /** How many of the user's articles were sold since the user last looked. */
  unseenSales: number;
};

/** A user with what is needed to check a password; kept apart so that no page ever gets the hash. */
export type UserWithPassword = User & { passwordHash: string };

/** For `toUser`, of a table `users u`. */
export const COLUMNS = 'u.id, u.email, u.first_name, u.last_name, u.role, u.created, u.unseen_sale_count';

/** For `toUserWithPassword`. */
export const COLUMNS_WITH_PASSWORD = `${COLUMNS}, u.password_hash`;

/** Names what a query for COLUMNS has found. */
export function toUser(row: RowDataPacket): User {
  return {
    id: row.id,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    role: row.role,
    created: row.created,
    unseenSales: row.unseen_sale_count,
  };
}

/** Names what a query for COLUMNS_WITH_PASSWORD has found. */
export function toUserWithPassword(row: RowDataPacket): UserWithPassword {
  return { ...toUser(row), passwordHash: row.password_hash };
}
