import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { createAdminClient } from '../helpers/admin_client';
import { startBrowser } from '../helpers/browser';
import { newPerson, PEOPLE, type Person, type Reading, startSite, type TestSite } from '../helpers/site';
import { until } from '../helpers/wait';

let browser: Browser;
let site: TestSite;
let people: Person[];
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  site = await startSite();
  people = [];
});
afterEach(async () => {
  for (const { context } of people) await context.close();
  await site.close();
});

async function arrive(who: { email: string }, reading: Reading = {}): Promise<Person> {
  const person = await newPerson(browser, site, reading);
  people.push(person);
  await person.logIn(who);
  return person;
}

const WORDS = {
  'en-GB': {
    sell: 'Put up for sale',
    listed: '“Les Misérables” is for sale at €4.50',
    buy: 'Buy',
    bought: '“Les Misérables” is yours',
    left: '9 of 10 left',
    refused: 'Too many calls',
    comeBack: /You may try again in .*(minutes|seconds)/,
    faults: [
      'Enter a title.',
      'Choose a category.',
      'Choose a condition.',
      'Enter a price in euros, such as 12.50.',
    ],
  },
  'fr-FR': {
    sell: 'Mettre en vente',
    listed: '« Les Misérables » est en vente à 4,50 €',
    buy: 'Acheter',
    bought: '« Les Misérables » est à vous',
    left: '9 restants sur 10',
    refused: 'Trop d’appels',
    comeBack: /Vous pourrez réessayer dans .*(minutes|secondes)/,
    faults: [
      'Saisissez un titre.',
      'Choisissez une catégorie.',
      'Choisissez un état.',
      'Saisissez un prix en euros, par exemple 12,50.',
    ],
  },
} as const;

/** As if Ada had called ten times just now. */
async function takeAllCalls(): Promise<void> {
  await site.daemon.client.admit({ subject: '1', policy: 'service-call', cost: 10 });
}

async function giveBackAll(): Promise<void> {
  const admin = createAdminClient(site.daemon.target);
  await admin.resetQuota('1');
  admin.close();
}

/** The calls of each service, once there are so many. */
async function callsRecorded(count: number): Promise<Record<string, number>> {
  let calls: Record<string, number> = {};
  await until(`${count} calls`, async () => {
    const { services } = await site.daemon.client.stats();
    calls = Object.fromEntries(services.map(({ service, callCount }) => [service, callCount]));
    return services.reduce((sum, { callCount }) => sum + callCount, 0) >= count;
  });
  return calls;
}

async function fillSale({ page }: Person): Promise<void> {
  await page.fill('#title', 'Les Misérables');
  await page.selectOption('#category', 'book');
  await page.selectOption('#condition', 'good');
  await page.fill('#price', '4,50');
}

describe.each([
  ['en-GB', true],
  ['en-GB', false],
  ['fr-FR', true],
  ['fr-FR', false],
] as const)('market in %s, scripts %s', (locale, javaScriptEnabled) => {
  const words = WORDS[locale];
  const reading = { locale, javaScriptEnabled };

  test('market: an article put up by one, found and bought by another, gone from the list', async () => {
    const ada = await arrive(PEOPLE.ada, reading);
    await ada.visit('/services/vente');
    await fillSale(ada);
    const sold = await ada.press(words.sell);
    const bob = await arrive(PEOPLE.bob, reading);
    await bob.visit('/services/achat');
    await bob.page.fill('#q', 'miserables');
    await bob.page.selectOption('#category', 'book');
    await bob.page.fill('#max', '5');
    await bob.page.click('form[role=search] button');
    const found = await bob.page.locator('.article h2').allInnerTexts();
    const bought = await bob.press(words.buy);
    const told = await bob.read('.notice');
    await bob.visit('/services/achat');

    expect([sold.status(), bought.status()]).toEqual([303, 303]);
    expect(await ada.read('.notice:focus h2')).toBe(words.listed);
    expect(found).toEqual(['Les Misérables']);
    expect(told).toContain(words.bought);
    expect(await bob.page.locator('.article').count()).toBe(0);
    expect(await bob.read('.quota')).toContain(words.left);
  });

  test('market: a form with nothing in it, every fault at its field', async () => {
    const ada = await arrive(PEOPLE.ada, reading);
    await ada.visit('/services/vente');
    const answer = await ada.press(words.sell);

    expect(answer.status()).toBe(400);
    expect(await ada.page.locator('.fault').allInnerTexts()).toEqual(words.faults);
    expect(await ada.page.locator('#title:focus').count()).toBe(1);
    expect(await ada.read('.quota')).toContain(words.left.replace('9', '10'));
  });

  test('market: the eleventh call, refused with the reason, what was typed kept, and when to come back', async () => {
    const ada = await arrive(PEOPLE.ada, reading);
    await takeAllCalls();
    await ada.visit('/services/vente');
    await fillSale(ada);
    const refused = await ada.press(words.sell);

    expect(refused.status()).toBe(429);
    expect(Number(refused.headers()['retry-after'])).toBeGreaterThan(0);
    expect(await ada.read('[role=alert]:focus')).toContain(words.refused);
    expect(await ada.read('[role=alert]')).toMatch(words.comeBack);
    expect(await ada.page.inputValue('#title')).toBe('Les Misérables');
    expect(await ada.page.inputValue('#category')).toBe('book');
    expect(await ada.page.inputValue('#price')).toBe('4,50');
    // Without scripts nothing could enable the button again.
    expect(await ada.page.locator('#sell-submit').isEnabled()).toBe(!javaScriptEnabled);
  });
});

describe('market', () => {
  test('market: two who buy the same article, one gets it and the other is told', async () => {
    const ada = await arrive(PEOPLE.ada);
    await ada.visit('/services/vente');
    await fillSale(ada);
    await ada.press('Put up for sale');
    const [bob, eve] = [await arrive(PEOPLE.bob), await arrive(PEOPLE.eve)];
    await bob.visit('/services/achat');
    await eve.visit('/services/achat');

    const answers = await Promise.all([bob.press('Buy'), eve.press('Buy')]);

    expect(answers.map((answer) => answer.status()).sort()).toEqual([303, 409]);
    const loser = answers[0]?.status() === 409 ? bob : eve;
    expect(await loser.read('[role=alert]')).toContain('has just been sold to somebody else.');
  });

  test('market: one’s own article, marked as such and not to be bought', async () => {
    const ada = await arrive(PEOPLE.ada);
    await ada.visit('/services/vente');
    await fillSale(ada);
    await ada.press('Put up for sale');
    await ada.visit('/services/achat');

    expect(await ada.read('.article')).toContain('Yours');
    expect(await ada.page.getByRole('button', { name: 'Buy' }).count()).toBe(0);
  });

  test('meter: as time passes, counted down and filled again without a reload', async () => {
    const ada = await arrive(PEOPLE.ada);
    await takeAllCalls();
    await ada.page.clock.install();
    await ada.visit('/services');
    const before = await ada.read('.quota');
    await giveBackAll();
    await ada.page.clock.runFor(10 * 60 * 1000);
    await until('a full meter', async () => (await ada.page.locator('.pip.free').count()) === 10);

    expect(before).toContain('0 of 10 left');
    expect(before).toMatch(/The next comes back in \d+ minutes/);
    expect(await ada.read('.quota')).toContain('10 of 10 left');
  });

  test('a refused form: at the end of the countdown, to be sent again and then let through', async () => {
    const ada = await arrive(PEOPLE.ada);
    await takeAllCalls();
    await ada.page.clock.install();
    await ada.visit('/services/vente');
    await fillSale(ada);
    await ada.press('Put up for sale');
    await giveBackAll();
    await ada.page.clock.runFor(10 * 60 * 1000 + 1000);
    const answer = await ada.press('Put up for sale');

    expect(answer.status()).toBe(303);
  });

  test('calls: what was sold and bought, in the statistics of the daemon', async () => {
    const ada = await arrive(PEOPLE.ada);
    await ada.visit('/services/vente');
    await fillSale(ada);
    await ada.press('Put up for sale');
    const bob = await arrive(PEOPLE.bob);
    await bob.visit('/services/achat');
    await bob.press('Buy');

    expect(await callsRecorded(2)).toEqual({ vente: 1, achat: 1 });
  });
});
