import type { Pool } from 'mysql2/promise';
import { hashPassword } from '../../web/accounts/passwords';
import { type Users, usersTable } from '../../web/accounts/users';
import { DEMO, HABITS } from './data';

export interface DemoStudent {
  readonly firstName: string;
  readonly lastName: string;
  readonly habit: (typeof HABITS)[number];
}

/** Who plays, those who come most often first. */
export const DEMO_STUDENTS: readonly DemoStudent[] = HABITS.flatMap((habit) =>
  DEMO.habits[habit].students.map((name) => {
    const [firstName = '', ...rest] = name.split(' ');
    return { firstName, lastName: rest.join(' '), habit };
  }),
);

/** Example: lea.fontaine@etuservices.example */
export function emailOf({ firstName, lastName }: DemoStudent): string {
  const name = `${firstName}.${lastName}`.normalize('NFD').replaceAll(/[^a-zA-Z.]/g, '');
  return `${name.toLowerCase()}@etuservices.example`;
}

/** The ids of the students' accounts, in their order; those that are missing are made. */
export async function ensureStudents(pool: Pool): Promise<number[]> {
  const users = usersTable(pool);
  return Promise.all(DEMO_STUDENTS.map((student) => ensureStudent(users, student)));
}

async function ensureStudent(users: Users, student: DemoStudent): Promise<number> {
  const { firstName, lastName } = student;
  const email = emailOf(student);
  const known = await users.findByEmail(email);
  if (known !== undefined) return known.id;
  const passwordHash = await hashPassword(DEMO.password);
  return users.insert({ firstName, lastName, email, role: 'student', passwordHash });
}
