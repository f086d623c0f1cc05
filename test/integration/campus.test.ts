import { expect, test } from '@jest/globals';
import { hashPassword } from '../../web/accounts/passwords';
import { usersTable } from '../../web/accounts/users';
import { connect } from '../../web/database';
import { closedAfterEach } from '../helpers/opened';
import { PASSWORD, startSite } from '../helpers/site';
import { createVisitor } from '../helpers/visitor';

const STUDENTS = 60;

/** One by one they would wait for each other's password to be checked. */
const AT_ONCE = 4;

const opened = closedAfterEach();

async function addStudents(mysqlUrl: string): Promise<string[]> {
  const pool = opened.closed(connect(mysqlUrl), (own) => own.end());
  const passwordHash = await hashPassword(PASSWORD);
  const emails = Array.from({ length: STUDENTS }, (_, index) => `student${index}@example.org`);
  for (const email of emails)
    await usersTable(pool).insert({
      email,
      firstName: 'Some',
      lastName: 'Student',
      role: 'student',
      passwordHash,
    });
  return emails;
}

/** Tries again as long as the daemon is too late, as on a machine that is busy: the site says so with 503. */
async function logIn(site: string, email: string): Promise<string> {
  const visitor = createVisitor(site);
  for (;;) {
    const { status, headers } = (await visitor.logIn(email, PASSWORD)).response;
    if (status !== 503) return `${status} ${headers.get('location')}`;
  }
}

test('login: a campus of 60 students behind one address, each of them is let in', async () => {
  const site = opened.closed(await startSite(), (own) => own.close());
  const queue = (await addStudents(site.mysqlUrl)).values();
  const answers: string[] = [];
  const work = async () => {
    for (const email of queue) answers.push(await logIn(site.url, email));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  expect(answers).toEqual(Array(STUDENTS).fill('303 /services'));
}, 300_000);
