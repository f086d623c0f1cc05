import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { Decision } from '../../gen/quota/v1/quota_service';
import { startBrowser } from '../helpers/browser';
import {
  addStudent,
  newPerson,
  PASSWORD,
  PEOPLE,
  type Person,
  type Student,
  startSite,
  type TestSite,
} from '../helpers/site';
import { createVisitor, tokenIn } from '../helpers/visitor';

let browser: Browser;
let site: TestSite;
let student: Student;
let ada: Person;
beforeAll(async () => {
  browser = await startBrowser();
  site = await startSite();
});
afterAll(async () => {
  await browser.close();
  await site.close();
});
beforeEach(async () => {
  student = await addStudent(site);
  ada = await newPerson(browser, site);
});
afterEach(async () => {
  await ada.context.close();
});

describe('login', () => {
  test('a visitor who asks for the services is sent to the login page', async () => {
    await ada.visit('/services');

    expect(ada.path()).toBe('/login');
  });

  test('a form with no email and no password is shown again with both faults', async () => {
    await ada.visit('/login');
    await ada.page.fill('input[name=email]', 'ada');
    const answer = await ada.press('Log in');

    expect(answer.status()).toBe(400);
    expect(await ada.page.inputValue('input[name=email]')).toBe('ada');
    expect(await ada.page.locator('.fault').allInnerTexts()).toEqual([
      'Enter an email address such as ada@example.org.',
      'Enter a password.',
    ]);
  });

  test('a wrong password and an unknown email get one and the same answer, and nobody is let in', async () => {
    const wrong = await ada.logIn({ email: student.email, password: 'not the password' });
    const wrongText = await ada.read('[role=alert]');
    const unknown = await ada.logIn({ email: 'nobody@example.org' });
    const unknownText = await ada.read('[role=alert]');
    await ada.visit('/services');

    expect([wrong.status(), unknown.status()]).toEqual([401, 401]);
    expect(unknownText).toBe(wrongText);
    expect(ada.path()).toBe('/login');
  });

  test('ten logins of one account are admitted, the eleventh is denied, another account is let in', async () => {
    const statuses = [];
    for (let login = 1; login <= 10; login += 1) {
      statuses.push((await ada.logIn(student)).status());
      expect(ada.path()).toBe('/services');
      await ada.press('Log out');
    }
    const eleventh = await ada.logIn(student);
    const alert = await ada.read('[role=alert]');
    const subject = String(student.id);
    const { retryDelay } = await site.daemon.client.admit({ subject, policy: 'connection' });
    await ada.visit('/services');
    const bob = await newPerson(browser, site);
    await bob.logIn(PEOPLE.bob);

    expect(statuses).toEqual(Array(10).fill(303));
    expect(eleventh.status()).toBe(429);
    expect(eleventh.headers()).toMatchObject({
      'ratelimit-policy': '"connection";q=10;w=600',
      ratelimit: expect.stringMatching(/^"connection";r=0;t=\d+$/),
    });
    const retryAfter = Number(eleventh.headers()['retry-after']);
    // The daemon was asked later, so its delay is the shorter one, by however long the pages took.
    expect(retryAfter).toBeGreaterThanOrEqual(retryDelay?.seconds ?? 600);
    expect(retryAfter).toBeLessThanOrEqual(600);
    expect(alert).toMatch(/You may try again in \d+ minutes/);
    expect([ada.path(), bob.path()]).toEqual(['/login', '/services']);
    await bob.context.close();
  }, 240_000);

  test('one student is denied, another logs in from the same page', async () => {
    await site.daemon.client.admit({ subject: String(student.id), policy: 'connection', cost: 10 });
    await ada.logIn(student);
    const denied = await ada.page.isDisabled('#login-submit');
    await ada.page.fill('#email', PEOPLE.bob.email);
    await ada.page.fill('#password', PASSWORD);
    await ada.press('Log in');

    expect([denied, ada.path()]).toEqual([true, '/services']);
  });

  test('a password can be shown, and is sent hidden again', async () => {
    await ada.visit('/login');
    await ada.page.fill('#password', PASSWORD);
    await ada.page.locator('[data-reveals=password]').click();
    const shown = await ada.page.getAttribute('#password', 'type');
    await ada.page.locator('[data-reveals=password]').click();

    expect([shown, await ada.page.getAttribute('#password', 'type')]).toEqual(['text', 'password']);
  });

  test('the session is in a cookie that no script and no other site can use', async () => {
    await ada.logIn(student);

    const cookies = await ada.context.cookies();

    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  });
});

/** Takes all attempts that the address has left. */
async function takeAttempts({ daemon }: TestSite): Promise<void> {
  const attempt = { subject: '127.0.0.1', policy: 'login-attempt' };
  while ((await daemon.client.admit(attempt)).decision === Decision.ADMITTED);
}

// One stops its daemon, the other takes what all visitors share.
describe('login, on a site of its own', () => {
  let own: TestSite;
  beforeEach(async () => {
    own = await startSite();
  });
  afterEach(() => own.close());

  test('one form sent 30 times with wrong passwords is denied, as nothing in it makes two attempts the same', async () => {
    const visitor = createVisitor(own.url);
    const { html } = await visitor.get('/login');
    const form = { _csrf: tokenIn(html), form: randomUUID(), email: PEOPLE.ada.email };
    const statuses: number[] = [];
    for (let attempt = 1; attempt <= 30; attempt += 1) {
      const answer = await visitor.post('/login', { ...form, password: `wrong password ${attempt % 2}` });
      statuses.push(answer.response.status);
    }

    expect(statuses).toEqual([...Array(10).fill(401), ...Array(20).fill(429)]);
  });

  test('30 logins with an email each are denied as soon as the address has no attempts left', async () => {
    const visitor = createVisitor(own.url);
    const { html } = await visitor.get('/login');
    const form = { _csrf: tokenIn(html), password: 'wrong password' };
    // The address is left 10 of its 600 attempts; one comes back each second.
    await own.daemon.client.admit({ subject: '127.0.0.1', policy: 'login-attempt', cost: 590 });
    const answers = [];
    for (let attempt = 1; attempt <= 30; attempt += 1) {
      // Or a machine that is slower than one attempt a second would never run out of them.
      if (attempt > 10) await takeAttempts(own);
      // One alone would be denied by the limit of its account.
      answers.push(await visitor.post('/login', { ...form, email: `student${attempt}@example.org` }));
    }
    const denied = answers.find(({ response }) => response.status === 429);

    expect(answers.slice(0, 10).map(({ response }) => response.status)).toEqual(Array(10).fill(401));
    expect(denied?.html).toContain(
      'Too many logins, sign-ups or password changes have been tried from your address.',
    );
  });

  test('the daemon gone, 503 with Retry-After and nobody let in, the home page still there', async () => {
    await own.daemon.stop();
    await ada.context.close();
    ada = await newPerson(browser, own);
    const answer = await ada.logIn(PEOPLE.ada);
    await ada.visit('/services');
    const path = ada.path();
    await ada.visit('/');

    expect(answer.status()).toBe(503);
    expect(Number(answer.headers()['retry-after'])).toBeGreaterThan(0);
    expect(path).toBe('/login');
    expect(await ada.read('main')).toContain('The statistics are unavailable right now.');
  });
});

describe('language', () => {
  test('a French browser gets French; the other language can be chosen, and is remembered', async () => {
    const zoe = await newPerson(browser, site, { locale: 'fr-FR' });
    await zoe.visit('/login');
    const french = await zoe.read('h1');
    await zoe.page.getByRole('link', { name: 'English' }).click();
    const switched = [await zoe.read('h1'), zoe.path()];
    await zoe.visit('/');

    expect(french).toBe('Connexion');
    expect(switched).toEqual(['Log in', '/login']);
    expect(await zoe.page.getAttribute('html', 'lang')).toBe('en');
    await zoe.context.close();
  });
});
