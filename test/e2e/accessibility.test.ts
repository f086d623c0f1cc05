import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
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
}, 60_000);
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

/** Presses the only button of a form, whatever it is called. */
async function send({ page }: Person, form: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.locator(`${form} button`).first().click()]);
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
  test('pages of a visitor and of a student: no violation, nothing wider than the window, nothing that moves', async () => {
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
        '/account?done=password',
        '/statistics',
      ])),
    );
    await ada.visit('/services/vente');
    await send(ada, 'form[action="/services/vente"]');
    looks.push(await lookAt(ada, 'sale with faults'));
    // Whatever is left of the limit by now.
    for (let token = 0; token < 10; token += 1)
      await site.daemon.client.admit({ subject: '1', policy: 'service-call' });
    await ada.visit('/services/achat');
    await send(ada, '.article form');
    looks.push(await lookAt(ada, 'refused purchase'));
    await ada.context.close();

    expect(looks).toHaveLength(13);
    expectGood(looks);
  }, 60_000);

  test('pages of the staff: no violation, nothing wider than the window, nothing that moves', async () => {
    const eve = await newPerson(browser, site, reading);
    await eve.logIn(PEOPLE.eve);
    const looks = await lookAtAll(eve, ['/statistics', '/students', '/students?q=ada', '/students/1']);
    await eve.context.close();

    expectGood(looks);
  }, 60_000);
});

test('refusal of a login and a part of the site away: no violation', async () => {
  const looks: Look[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const bob = await newPerson(browser, site, { colorScheme });
    await site.daemon.client.admit({ subject: '2', policy: 'connection', cost: 9 });
    await bob.logIn(PEOPLE.bob);
    looks.push(await lookAt(bob, 'refused login'));
    await bob.context.close();
  }
  await site.daemon.stop();
  for (const colorScheme of ['light', 'dark'] as const) {
    const bob = await newPerson(browser, site, { colorScheme });
    await bob.logIn(PEOPLE.bob);
    looks.push(await lookAt(bob, 'no daemon'));
    await bob.context.close();
  }

  expectGood(looks);
}, 60_000);
