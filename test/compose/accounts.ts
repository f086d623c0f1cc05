import { randomUUID } from 'node:crypto';
import { composeWith } from './docker';

export const PASSWORD = 'a long enough password';

/** Adds an account as an operator does, the password from standard input; its email. */
export async function addUser(role: 'student' | 'staff'): Promise<string> {
  const email = `${randomUUID()}@example.org`;
  const user = ['--email', email, '--first-name', 'Ada', '--last-name', 'Lovelace', '--role', role];
  await composeWith(`${PASSWORD}\n`, 'exec', '-T', 'web', 'node', 'dist/scripts/user_add.js', ...user);
  return email;
}

export function addStudent(): Promise<string> {
  return addUser('student');
}
