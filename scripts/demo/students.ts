import type { Pool } from 'mysql2/promise';
import { hashPassword } from '../../web/accounts/passwords';
import { type Users, usersTable } from '../../web/accounts/users';
import { DEMO_PASSWORD } from './accounts';

/** How often somebody comes, beside the others, and how many calls a visit has on average. */
export const HABITS = {
  keen: { visits: 10, calls: 2.8 },
  regular: { visits: 3, calls: 2.1 },
  rare: { visits: 1, calls: 1.2 },
  /** Logs in, and looks around. */
  onlooker: { visits: 1.5, calls: 0 },
} as const;

export interface DemoStudent {
  readonly firstName: string;
  readonly lastName: string;
  readonly habit: keyof typeof HABITS;
}

/** Who plays. Those that the banner names are not among them: their numbers are the newcomer's own. */
export const DEMO_STUDENTS: readonly [DemoStudent, ...DemoStudent[]] = [
  { firstName: 'Léa', lastName: 'Fontaine', habit: 'keen' },
  { firstName: 'Mehdi', lastName: 'Haddad', habit: 'keen' },
  { firstName: 'Chloé', lastName: 'Marchand', habit: 'keen' },
  { firstName: 'Adrien', lastName: 'Rousseau', habit: 'regular' },
  { firstName: 'Aïcha', lastName: 'Diallo', habit: 'regular' },
  { firstName: 'Antoine', lastName: 'Chevalier', habit: 'regular' },
  { firstName: 'Clémence', lastName: 'Dubois', habit: 'regular' },
  { firstName: 'Élodie', lastName: 'Perrin', habit: 'regular' },
  { firstName: 'Gabriel', lastName: 'Leroux', habit: 'regular' },
  { firstName: 'Jade', lastName: 'Nguyen', habit: 'regular' },
  { firstName: 'Julien', lastName: 'Barbier', habit: 'regular' },
  { firstName: 'Karim', lastName: 'Mansouri', habit: 'regular' },
  { firstName: 'Lucie', lastName: 'Vidal', habit: 'regular' },
  { firstName: 'Manon', lastName: 'Colin', habit: 'regular' },
  { firstName: 'Noé', lastName: 'Guérin', habit: 'regular' },
  { firstName: 'Pauline', lastName: 'Roche', habit: 'regular' },
  { firstName: 'Raphaël', lastName: 'Lemoine', habit: 'regular' },
  { firstName: 'Sofia', lastName: 'Da Silva', habit: 'regular' },
  { firstName: 'Bastien', lastName: 'Caron', habit: 'rare' },
  { firstName: 'Fanny', lastName: 'Besson', habit: 'rare' },
  { firstName: 'Mathilde', lastName: 'Renaud', habit: 'rare' },
  { firstName: 'Théo', lastName: 'Lambert', habit: 'rare' },
  { firstName: 'Yasmine', lastName: 'Cherif', habit: 'rare' },
  { firstName: 'Baptiste', lastName: 'Huet', habit: 'onlooker' },
  { firstName: 'Margaux', lastName: 'Olivier', habit: 'onlooker' },
  { firstName: 'Simon', lastName: 'Prévost', habit: 'onlooker' },
];

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
  const passwordHash = await hashPassword(DEMO_PASSWORD);
  return users.insert({ firstName, lastName, email, role: 'student', passwordHash });
}
