import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import { csrfTokenIn } from '../../scripts/demo/cookie_fetch';
import { hashPassword } from '../../web/accounts/passwords';
import { usersTable } from '../../web/accounts/users';
import { connect } from '../../web/database';
import { startDaemon, type TestDaemon } from './daemon';
import { createTestDatabase } from './mysql';
import { openRedisSpace } from './redis';
import { startWeb, type TestWeb } from './web';

export const PASSWORD = 'a long enough password';

/** Who has an account on every test's site, in the order of their ids, from 1 on. */
export const PEOPLE = {
  ada: { email: 'ada@example.org', firstName: 'Ada', lastName: 'Lovelace', role: 'student' },
  bob: { email: 'bob@example.org', firstName: 'Bob', lastName: '<b>Bold</b>', role: 'student' },
  eve: { email: 'eve@example.org', firstName: 'Eve', lastName: 'Staff', role: 'staff' },
} as const;

/** The whole site on parts of its own: a daemon, a web tier, a database, and a key prefix in Redis. */
export interface TestSite {
  readonly url: string;
  readonly daemon: TestDaemon;
  readonly web: TestWeb;
  readonly mysqlUrl: string;
  close(): Promise<void>;
}

/** `env` is added to that of both programs. */
export async function startSite({ env = {} }: { env?: Record<string, string> } = {}): Promise<TestSite> {
  const space = openRedisSpace();
  const database = await createTestDatabase();
  const daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix, env });
  const web = await startWeb({ mysqlUrl: database.url, quotaTarget: daemon.target, env });
  await addPeople(database.url);
  return {
    url: web.url,
    daemon,
    web,
    mysqlUrl: database.url,
    async close() {
      await web.stop();
      await daemon.stop();
      await space.close();
      await database.drop();
    },
  };
}

async function addPeople(mysqlUrl: string): Promise<void> {
  const pool = connect(mysqlUrl);
  const passwordHash = await hashPassword(PASSWORD);
  for (const person of Object.values(PEOPLE)) await usersTable(pool).insert({ ...person, passwordHash });
  await pool.end();
}

export interface Student {
  readonly id: number;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
}

/** A student of a test's own on a site that others use too. */
export async function addStudent(
  site: TestSite,
  { firstName = 'Zoë', lastName = 'Çelik' }: Partial<Student> = {},
): Promise<Student> {
  const pool = connect(site.mysqlUrl);
  const email = `${randomUUID()}@example.org`;
  const passwordHash = await hashPassword(PASSWORD);
  const id = await usersTable(pool).insert({ email, firstName, lastName, role: 'student', passwordHash });
  await pool.end();
  return { id, email, firstName, lastName };
}

/** Somebody with a browser of their own: no cookie is shared. */
export interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  visit(path: string): Promise<void>;
  /** Fills in the login form and sends it; again while a busy machine has no answer in time, and a few times at most. */
  logIn(who: { email: string; password?: string }): Promise<Response>;
  /**
   * Logs in without showing a page, for tests of what comes after it; again while a busy machine has no answer in time.
   * Throws if somebody may not log in.
   */
  enter(who: { email: string; password?: string }): Promise<void>;
  /** Presses a button: the answer to what it sends, before any redirect. */
  press(button: string): Promise<Response>;
  /** The path of the page in sight. */
  path(): string;
  /** The text of an element, as it is read. */
  read(selector: string): Promise<string>;
  /** The lines of a list. */
  list(section: string): Promise<string[]>;
}

/** On a machine that is busy with other work, a page may take long. */
const PATIENCE_MS = 90_000;

/** Logins of one person, if the site was unavailable for each. */
const MOST_TRIES = 5;

/** How somebody reads: the browser's language, theme and width, and whether it runs scripts. */
export type Reading = {
  locale?: 'en-GB' | 'fr-FR';
  colorScheme?: 'light' | 'dark';
  javaScriptEnabled?: boolean;
  viewport?: { width: number; height: number };
};

export async function newPerson(browser: Browser, site: TestSite, reading: Reading = {}): Promise<Person> {
  const context = await browser.newContext({ locale: 'en-GB', ...reading });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const loginUrl = `${site.url}/login`;
  const visit = async (path: string) => {
    await page.goto(`${site.url}${path}`);
  };
  const press = async (button: string) => {
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.waitForEvent('load'),
      page.getByRole('button', { name: button, exact: true }).click(),
    ]);
    return answer;
  };
  const logIn: Person['logIn'] = async ({ email, password = PASSWORD }) => {
    for (let tries = 1; ; tries += 1) {
      await visit('/login');
      await page.fill('form[action="/login"] input[name=email]', email);
      await page.fill('form[action="/login"] input[name=password]', password);
      const answer = await press(reading.locale === 'fr-FR' ? 'Se connecter' : 'Log in');
      if (answer.status() !== 503 || tries === MOST_TRIES) return answer;
    }
  };
  return {
    page,
    context,
    visit,
    press,
    logIn,
    async enter({ email, password = PASSWORD }) {
      for (let tries = 1; ; tries += 1) {
        const html = await (await context.request.get(loginUrl, { timeout: PATIENCE_MS })).text();
        const form = { _csrf: csrfTokenIn(html) ?? '', email, password };
        const answer = await context.request.post(loginUrl, { form, maxRedirects: 0, timeout: PATIENCE_MS });
        const status = answer.status();
        if (status === 303) return;
        if (status !== 503 || tries === MOST_TRIES)
          throw new Error(`the login of ${email} was answered with ${status}`);
      }
    },
    path: () => new URL(page.url()).pathname,
    async read(selector) {
      return inOneLine(await page.locator(selector).innerText());
    },
    async list(section) {
      const texts = await page.locator(`#${section} li`).allInnerTexts();
      return texts.map(inOneLine);
    },
  };
}

function inOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
