import { randomUUID } from 'node:crypto';
import { composeWith } from './docker';

export const PASSWORD = 'a long enough password';

/** Adds a student as an operator does, the password from standard input; their email. */
export async function addStudent(): Promise<string> {
  const email = `${randomUUID()}@example.org`;
  const user = ['--email', email, '--first-name', 'Ada', '--last-name', 'Lovelace'];
  await composeWith(`${PASSWORD}\n`, 'exec', '-T', 'web', 'node', 'dist/scripts/user_add.js', ...user);
  return email;
}
