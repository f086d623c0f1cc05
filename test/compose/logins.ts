import { expect } from '@jest/globals';
import type { Visitor } from '../helpers/visitor';
import { until } from '../helpers/wait';
import { addStudent, PASSWORD } from './accounts';
import { newVisitor } from './client';

/** Logs in, again for as long as a busy stack has not decided in time, and says so. */
export async function logIn(email: string, visitor: Visitor = newVisitor()): Promise<Response> {
  const attempt = async () => (await visitor.logIn(email, PASSWORD)).response;
  let response = await attempt();
  await until('a decision about the login', async () => {
    if (response.status !== 503) return true;
    response = await attempt();
    return false;
  });
  return response;
}

/** The answers to eleven logins of a new student, one after another. */
export async function elevenLogins(): Promise<Response[]> {
  const email = await addStudent();
  const answers: Response[] = [];
  for (let i = 0; i < 11; i += 1) answers.push(await logIn(email));
  return answers;
}

/** Expects ten of these logins, or of a new student's, to be admitted, and the eleventh to be denied with the time to wait. */
export async function expectEleventhDenied(logins: () => Promise<Response[]> = elevenLogins): Promise<void> {
  const answers = await logins();

  const eleventh = answers.at(-1);
  expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(303), 429]);
  expect(Number(eleventh?.headers.get('retry-after'))).toBeGreaterThan(500);
  expect(eleventh?.headers.getSetCookie().some((cookie) => cookie.startsWith('sid='))).toBe(false);
}
