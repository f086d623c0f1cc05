import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createSiteClient } from '../../web/quota/client';
import { closedAfterEach } from '../helpers/opened';
import { createVisitor, type Visitor } from '../helpers/visitor';
import { until } from '../helpers/wait';
import { serveSite } from '../unit/web/fakes';

const opened = closedAfterEach();

const POLICIES = readFileSync(join(__dirname, '../../daemon/policies.yaml'), 'utf8');

/** A site on a daemon of its own, and thirty students, each with a browser, all at one address. */
async function start(policies: string) {
  const daemon = await opened.daemon({ redisUrl: 'memory:', policies });
  const client = createSiteClient({ target: daemon.target, logger: pino({ level: 'silent' }) });
  opened.closed(client, (each) => each.close());
  const site = opened.closed(await serveSite({ daemon: client }), (each) => each.close());
  const [{ passwordHash = '' } = {}] = site.users.all;
  const emails = Array.from({ length: 30 }, (_, at) => `student${at}@example.org`);
  for (const email of emails)
    await site.users.insert({ email, firstName: 'A', lastName: 'Student', role: 'student', passwordHash });
  const students = emails.map((email) => ({ email, browser: createVisitor(site.url) }));
  const left = async () =>
    (await client.limits({ subject: '127.0.0.1', policy: 'login-attempt' }))[0]?.remaining;
  return { site, students, left };
}

/** Tries again as long as the daemon is too late, as on a machine that is busy: the site says so with 503. */
async function logIn({ email, browser }: { email: string; browser: Visitor }): Promise<number> {
  for (;;) {
    const { status } = (await browser.logIn(email)).response;
    if (status !== 503) return status;
  }
}

describe('thirty accounts at one address', () => {
  test('one after another, all logged in, though the address may fail fifteen times only', async () => {
    const { students, left } = await start(POLICIES.replace('limit: 600', 'limit: 15'));
    const statuses = [];
    for (const student of students) statuses.push(await logIn(student));

    expect(statuses).toEqual(Array(30).fill(303));
    await until('each token is given back', async () => (await left()) === 15);
  }, 180_000);

  test('at once, they are all logged in', async () => {
    const { students } = await start(POLICIES);

    expect(await Promise.all(students.map(logIn))).toEqual(Array(30).fill(303));
  }, 180_000);

  test('a stranger who tries passwords is stopped; the owner still logs in from a browser that is known', async () => {
    const { site, students } = await start(POLICIES);
    const [owner] = students;
    const { email = '', browser = createVisitor(site.url) } = owner ?? {};
    await browser.logIn(email);
    browser.cookies.delete('sid');
    const stranger = createVisitor(site.url);
    const tries = [];
    for (let at = 0; at < 11; at += 1)
      tries.push((await stranger.logIn(email, `guess ${at}`)).response.status);

    expect(tries).toEqual([...Array(10).fill(401), 429]);
    // Not even with the right password: the stranger must not learn that it is.
    expect((await stranger.logIn(email)).response.status).toBe(429);
    expect((await browser.logIn(email)).response.status).toBe(303);
  }, 180_000);
});
