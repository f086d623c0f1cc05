import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../helpers/browser';
import { newPerson, PEOPLE, type Person, startSite, type TestSite } from '../helpers/site';

let browser: Browser;
let site: TestSite;
let ada: Person;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  site = await startSite();
  ada = await newPerson(browser, site);
});
afterEach(async () => {
  await ada.context.close();
  await site.close();
});

describe('login', () => {
  test('a visitor who asks for the services, sent to the login page', async () => {
    await ada.visit('/services');

    expect(ada.path()).toBe('/login');
  });

  test('a form with no email and no password, shown again with both faults', async () => {
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

  test('a wrong password and an unknown email, one and the same answer and nobody let in', async () => {
    const wrong = await ada.logIn({ email: PEOPLE.ada.email, password: 'not the password' });
    const wrongText = await ada.read('[role=alert]');
    const unknown = await ada.logIn({ email: 'nobody@example.org' });
    const unknownText = await ada.read('[role=alert]');
    await ada.visit('/services');

    expect([wrong.status(), unknown.status()]).toEqual([401, 401]);
    expect(unknownText).toBe(wrongText);
    expect(ada.path()).toBe('/login');
  });

  test('ten logins of one account admitted, the eleventh refused, another account let in', async () => {
    const statuses = [];
    for (let login = 1; login <= 10; login += 1) {
      statuses.push((await ada.logIn(PEOPLE.ada)).status());
      expect(ada.path()).toBe('/services');
      await ada.press('Log out');
    }
    const eleventh = await ada.logIn(PEOPLE.ada);
    const alert = await ada.read('[role=alert]');
    const { retryDelay } = await site.daemon.client.admit({ subject: '1', policy: 'connection' });
    await ada.visit('/services');
    const bob = await newPerson(browser, site);
    await bob.logIn(PEOPLE.bob);

    expect(statuses).toEqual(Array(10).fill(303));
    expect(eleventh.status()).toBe(429);
    expect(eleventh.headers()).toMatchObject({
      'ratelimit-policy': '"per-window";q=10;w=600',
      ratelimit: expect.stringMatching(/^"per-window";r=0;t=\d+$/),
    });
    const retryAfter = Number(eleventh.headers()['retry-after']);
    // The daemon was asked later, so its delay is the shorter one, by however long the pages took.
    expect(retryAfter).toBeGreaterThanOrEqual(retryDelay?.seconds ?? 600);
    expect(retryAfter).toBeLessThanOrEqual(600);
    expect(alert).toMatch(/You may try again in \d+ minutes/);
    expect([ada.path(), bob.path()]).toEqual(['/login', '/services']);
    await bob.context.close();
  }, 60_000);

  test('the session, in a cookie that no script and no other site can use', async () => {
    await ada.logIn(PEOPLE.ada);

    const cookies = await ada.context.cookies();

    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  });

  test('the daemon gone, 503 with Retry-After and nobody let in, the home page still there', async () => {
    await site.daemon.stop();
    const answer = await ada.logIn(PEOPLE.ada);
    await ada.visit('/services');
    const path = ada.path();
    await ada.visit('/');

    expect(answer.status()).toBe(503);
    expect(Number(answer.headers()['retry-after'])).toBeGreaterThan(0);
    expect(path).toBe('/login');
    expect(await ada.read('main')).toContain('The statistics are not available just now.');
  });
});

describe('language', () => {
  test('a French browser, spoken to in French; the other language chosen, and remembered', async () => {
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
