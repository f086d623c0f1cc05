import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { createAdminClient } from '../helpers/admin_client';
import { startBrowser } from '../helpers/browser';
import { newPerson, PEOPLE, type Person, startSite, type TestSite } from '../helpers/site';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What Google's Core Web Vitals call good. */
const MAX_LAYOUT_SHIFT = 0.1;

const LAYOUT_SHIFT = `new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) sum += value;
  }).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => resolve(sum), 200);
})`;

type Look = { page: string; violations: string[]; overflow: number; layoutShift: number };

let browser: Browser;
let site: TestSite;
beforeAll(async () => {
  browser = await startBrowser();
  site = await startSite();
  const bob = await newPerson(browser, site);
  await bob.logIn(PEOPLE.bob);
  for (const [title, category] of [
    ['Le Deuxième Sexe, Simone de Beauvoir, en deux tomes dans leur coffret', 'book'],
    ['Alien', 'dvd'],
    ['Lampe', 'other'],
  ] as const)
    await sell(bob, { title, category });
  await bob.context.close();
  const eve = await newPerson(browser, site);
  await eve.logIn(PEOPLE.eve);
  await eve.visit('/articles/3/buy');
  await Promise.all([eve.page.waitForURL(/done=bought/), eve.page.click('#buy-submit')]);
  await eve.context.close();
}, 240_000);
afterAll(async () => {
  await browser.close();
  await site.close();
});

async function sell({ page, visit }: Person, { title, category }: Record<string, string>): Promise<void> {
  await visit('/services/vente');
  await page.fill('#title', title ?? '');
  await page.selectOption('#category', category ?? '');
  await page.selectOption('#condition', 'good');
  await page.fill('#price', '4,50');
  await page.click('#sell-submit');
  await page.waitForURL(/listed/);
}

/** What axe, the width of the window and the browser's own observer find fault with in the page in sight. */
async function lookAt({ page }: Person, name: string): Promise<Look> {
  const layoutShift = await page.evaluate<number>(LAYOUT_SHIFT);
  // Colours at rest: a button that turns of use just now would be seen half-way.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.evaluate(AXE);
  const violations = await page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(' '))))`,
  );
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  return { page: name, violations, overflow, layoutShift };
}

async function lookAtAll(person: Person, paths: readonly string[]): Promise<Look[]> {
  const looks = [];
  for (const path of paths) {
    await person.visit(path);
    looks.push(await lookAt(person, path));
  }
  return looks;
}

/** A reading before took all of Ada's calls, and her buttons would be of no use. */
async function resetCalls(): Promise<void> {
  const admin = createAdminClient(site.daemon.target);
  await admin.resetQuota('1');
  admin.close();
}

/** Presses the only button of a form, by any name. */
async function send({ page }: Person, form: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.locator(`${form} button[type=submit]`).first().click()]);
}

function expectGood(looks: Look[]): void {
  expect(looks.filter(({ violations }) => violations.length > 0)).toEqual([]);
  expect(looks.filter(({ overflow }) => overflow > 0)).toEqual([]);
  expect(looks.filter(({ layoutShift }) => layoutShift > MAX_LAYOUT_SHIFT)).toEqual([]);
}

// Both languages in both themes, and each of these in both widths.
const READINGS = [
  { locale: 'en-GB', colorScheme: 'light', viewport: { width: 360, height: 800 } },
  { locale: 'en-GB', colorScheme: 'dark', viewport: { width: 1440, height: 800 } },
  { locale: 'fr-FR', colorScheme: 'light', viewport: { width: 1440, height: 800 } },
  { locale: 'fr-FR', colorScheme: 'dark', viewport: { width: 360, height: 800 } },
] as const;

describe.each(READINGS)('every page in $locale, $colorScheme, $viewport.width px', (reading) => {
  test('pages of a visitor and of a student have no violation, nothing wider than the window and nothing that moves', async () => {
    await resetCalls();
    const ada = await newPerson(browser, site, reading);
    const looks = await lookAtAll(ada, ['/', '/nowhere', '/login']);
    await send(ada, 'form[action="/login"]');
    looks.push(await lookAt(ada, 'login with faults'));
    await send(ada, 'form[action="/signup"]');
    looks.push(await lookAt(ada, 'sign-up with faults'));
    await site.daemon.client.admit({ subject: '1', policy: 'service-call', cost: 4 });
    await ada.logIn(PEOPLE.ada);
    looks.push(
      ...(await lookAtAll(ada, [
        '/',
        '/services',
        '/services/vente',
        '/services/achat',
        '/services/achat?q=nothing',
        '/services/achat?max=much',
        '/articles/1',
        '/articles/1/buy',
        '/account?done=password',
        '/statistics',
      ])),
    );
    await ada.visit('/services/vente');
    await send(ada, 'form[action="/services/vente"]');
    looks.push(await lookAt(ada, 'sale with faults'));
    await ada.visit('/articles/1/buy');
    // The rest of the limit.
    for (let token = 0; token < 10; token += 1)
      await site.daemon.client.admit({ subject: '1', policy: 'service-call' });
    await send(ada, 'form[action="/services/achat"]');
    looks.push(await lookAt(ada, 'refused purchase'));
    looks.push(...(await lookAtAll(ada, ['/services/vente'])));
    await ada.context.close();

    expect(looks).toHaveLength(18);
    expectGood(looks);
  }, 240_000);

  test('pages of a seller have no violation, nothing wider than the window and nothing that moves', async () => {
    const bob = await newPerson(browser, site, reading);
    await bob.logIn(PEOPLE.bob);
    const looks = await lookAtAll(bob, ['/services', '/services/vente?listed=1', '/articles/1/edit']);
    await bob.page.fill('#title', '');
    await send(bob, 'form[action="/articles/1/edit"]');
    looks.push(await lookAt(bob, 'edit with faults'));
    await bob.visit('/articles/1');
    await bob.page.locator('.withdraw summary').click();
    looks.push(await lookAt(bob, 'withdrawal'));
    // Sold to Eve.
    looks.push(...(await lookAtAll(bob, ['/articles/3'])));
    await bob.visit('/account');
    await bob.page.locator('details summary').click();
    await send(bob, 'form[action="/account/delete"]');
    looks.push(await lookAt(bob, 'deletion with faults'));
    await send(bob, 'form[action="/account/password"]');
    looks.push(await lookAt(bob, 'change of password with faults'));
    await bob.context.clearCookies({ name: 'sid' });
    await send(bob, 'form[action="/account/password"]');
    looks.push(await lookAt(bob, 'session that has ended'));
    await bob.context.close();

    expectGood(looks);
  }, 240_000);

  test('pages of the staff have no violation, nothing wider than the window and nothing that moves', async () => {
    const eve = await newPerson(browser, site, reading);
    // So that somebody is blocked.
    for (let n = 0; n < 11; n += 1) await site.daemon.client.admit({ subject: '3', policy: 'service-call' });
    await eve.logIn(PEOPLE.eve);
    const looks = await lookAtAll(eve, [
      '/statistics',
      '/statistics?range=24h',
      '/statistics?range=7d',
      '/students',
      '/students?q=ada',
      '/students?q=nobody',
      '/students/3',
    ]);
    await eve.page.locator('details summary').first().click();
    await eve.page.locator('details [name=size]').first().fill('many');
    await send(eve, 'section details form');
    looks.push(await lookAt(eve, 'raise with faults'));
    await eve.context.close();

    expectGood(looks);
  }, 240_000);
});

test('a refused login and an unavailable part of the site have no violation', async () => {
  const looks: Look[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const bob = await newPerson(browser, site, { colorScheme });
    await site.daemon.client.admit({ subject: '2', policy: 'connection', cost: 9 });
    await bob.logIn(PEOPLE.bob);
    looks.push(await lookAt(bob, 'refused login'));
    await bob.context.close();
  }
  const staff = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const eve = await newPerson(browser, site, { colorScheme });
    await eve.enter(PEOPLE.eve);
    staff.push(eve);
  }
  await site.daemon.stop();
  for (const eve of staff) {
    looks.push(...(await lookAtAll(eve, ['/', '/services', '/statistics', '/students', '/students/1'])));
    await eve.context.close();
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    const bob = await newPerson(browser, site, { colorScheme });
    await bob.logIn(PEOPLE.bob);
    looks.push(await lookAt(bob, 'no daemon'));
    await bob.context.close();
  }

  expectGood(looks);
}, 240_000);
