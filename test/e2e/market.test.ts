import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { createAdminClient } from '../helpers/admin_client';
import { startBrowser } from '../helpers/browser';
import {
  addStudent,
  newPerson,
  type Person,
  type Reading,
  type Student,
  startSite,
  type TestSite,
} from '../helpers/site';
import { until } from '../helpers/wait';

let browser: Browser;
let site: TestSite;
let people: Person[] = [];
/** Found by the test that sells it alone. */
let title: string;
beforeAll(async () => {
  browser = await startBrowser();
  site = await startSite();
});
afterAll(async () => {
  await browser.close();
  await site.close();
});
beforeEach(() => {
  title = `${BOOK} ${randomUUID()}`;
});
afterEach(async () => {
  for (const { context } of people) await context.close();
  people = [];
});

type Arrived = Student & Person;

/** A student with an account of their own. */
async function arrive({ at = site, ...reading }: Reading & { at?: TestSite } = {}): Promise<Arrived> {
  const student = await addStudent(at);
  const person = await newPerson(browser, at, reading);
  people.push(person);
  await person.enter(student);
  return { ...student, ...person };
}

/** The start of each title. */
const BOOK = 'Les Misérables';

const WORDS = {
  'en-GB': {
    sell: 'Put up for sale',
    listed: '“Les Misérables” is for sale at €4.50',
    buy: 'Buy',
    confirm: 'Confirm the purchase',
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
    confirm: 'Confirmer l’achat',
    bought: '« Les Misérables » est à vous',
    left: '9 restantes sur 10',
    refused: 'Trop d’opérations',
    comeBack: /Vous pourrez réessayer dans .*(minutes|secondes)/,
    faults: [
      'Saisissez un titre.',
      'Choisissez une catégorie.',
      'Choisissez un état.',
      'Saisissez un prix en euros, par exemple 12,50.',
    ],
  },
} as const;

/** As if they had called ten times just now. */
async function takeAllCalls({ id }: Student): Promise<void> {
  await site.daemon.client.admit({ subject: String(id), policy: 'service-call', cost: 10 });
}

async function giveBackAll({ id }: Student): Promise<void> {
  const admin = createAdminClient(site.daemon.target);
  await admin.resetQuota(String(id));
  admin.close();
}

/** The calls of each service, once there are so many. */
async function callsRecorded({ daemon }: TestSite, count: number): Promise<Record<string, number>> {
  let calls: Record<string, number> = {};
  await until(`${count} calls`, async () => {
    const { services } = await daemon.client.stats();
    calls = Object.fromEntries(services.map(({ service, callCount }) => [service, callCount]));
    return services.reduce((sum, { callCount }) => sum + callCount, 0) >= count;
  });
  return calls;
}

async function fillSale({ page }: Person): Promise<void> {
  await page.fill('#title', title);
  await page.selectOption('#category', 'book');
  await page.selectOption('#condition', 'good');
  await page.fill('#price', '4,50');
}

/** Puts an article up for sale: its id. */
async function sell(person: Person): Promise<string> {
  await person.visit('/services/vente');
  await fillSale(person);
  await person.press('Put up for sale');
  return listedOn(person);
}

function listedOn({ page }: Person): string {
  return new URL(page.url()).searchParams.get('listed') ?? '';
}

describe.each([
  ['en-GB', true],
  ['en-GB', false],
  ['fr-FR', true],
  ['fr-FR', false],
] as const)('market in %s, scripts %s', (locale, javaScriptEnabled) => {
  const words = WORDS[locale];
  const reading = { locale, javaScriptEnabled };
  const titled = (text: string) => text.replace(BOOK, title);

  test('market: an article put up by one, found and bought by another, gone from the list', async () => {
    const ada = await arrive(reading);
    await ada.visit('/services/vente');
    await fillSale(ada);
    const sold = await ada.press(words.sell);
    const listed = await ada.read('.notice:focus h2');
    const id = listedOn(ada);
    const bob = await arrive(reading);
    await bob.visit('/services/achat');
    await bob.page.fill('#q', title.replace('é', 'e').toLowerCase());
    await bob.page.selectOption('#category', 'book');
    await bob.page.fill('#max', '5');
    await bob.page.click('form[role=search] button');
    const found = await bob.page.locator('.article h2').allInnerTexts();
    await bob.page.getByRole('link', { name: title }).click();
    await bob.page.getByRole('link', { name: words.buy, exact: true }).last().click();
    await bob.page.waitForURL('**/buy');
    const bought = await bob.press(words.confirm);
    const told = await bob.read('.notice');
    const seller = await bob.read('main');
    await ada.visit('/');
    const news = await ada.read('.count');
    await ada.visit('/services');
    await ada.page.getByRole('link', { name: title }).click();
    await ada.page.waitForURL(`**/articles/${id}`);
    const buyer = await ada.read('main');
    await bob.visit(`/services/achat?q=${title}`);

    expect([sold.status(), bought.status()]).toEqual([303, 303]);
    expect(listed).toBe(titled(words.listed));
    expect([seller, news, buyer]).toEqual([
      expect.stringContaining(ada.email),
      '1',
      expect.stringContaining(bob.email),
    ]);
    expect(found).toEqual([title]);
    expect(told).toContain(titled(words.bought));
    expect(await bob.page.locator('.article').count()).toBe(0);
    await bob.visit('/services');
    expect(await bob.read('.quota')).toContain(words.left);
  });

  test('market: an empty form shows every fault at its field', async () => {
    const ada = await arrive(reading);
    await ada.visit('/services/vente');
    const answer = await ada.press(words.sell);

    expect(answer.status()).toBe(400);
    expect(await ada.page.locator('.fault').allInnerTexts()).toEqual(words.faults);
    expect(await ada.page.locator('#title:focus').count()).toBe(1);
    expect(await ada.read('.quota')).toContain(words.left.replace('9', '10'));
  });

  test('market: the eleventh call is denied with the reason, what was typed kept, and when to come back', async () => {
    const ada = await arrive(reading);
    await ada.visit('/services/vente');
    await fillSale(ada);
    // Of a page that is in sight already: a new one would not let the button be pressed.
    await takeAllCalls(ada);
    const refused = await ada.press(words.sell);

    expect(refused.status()).toBe(429);
    expect(Number(refused.headers()['retry-after'])).toBeGreaterThan(0);
    expect(await ada.read('[role=alert]:focus')).toContain(words.refused);
    expect(await ada.read('[role=alert]')).toMatch(words.comeBack);
    expect(await ada.page.inputValue('#title')).toBe(title);
    expect(await ada.page.inputValue('#category')).toBe('book');
    expect(await ada.page.inputValue('#price')).toBe('4,50');
    // Without scripts nothing could enable the button again.
    expect(await ada.page.locator('#sell-submit').isEnabled()).toBe(!javaScriptEnabled);
  });
});

describe('market', () => {
  test('market: of two who buy the same article, one gets it and the other learns it', async () => {
    const id = await sell(await arrive());
    const [bob, eve] = [await arrive(), await arrive()];
    await bob.visit(`/articles/${id}/buy`);
    await eve.visit(`/articles/${id}/buy`);

    const buying = [bob, eve].map((person) => person.press('Confirm the purchase'));
    const answers = await Promise.all(buying);

    expect(answers.map((answer) => answer.status()).sort()).toEqual([303, 409]);
    const loser = answers[0]?.status() === 409 ? bob : eve;
    expect(await loser.read('[role=alert]')).toContain('has just been sold to somebody else.');
  });

  test('market: one’s own article is marked as such and cannot be bought', async () => {
    const ada = await arrive();
    await sell(ada);
    await ada.visit(`/services/achat?q=${title}`);

    expect(await ada.read('.article')).toContain('Yours');
    expect(await ada.page.getByRole('button', { name: 'Buy' }).count()).toBe(0);
  });

  test('meter: as time passes, counted down and filled again without a reload', async () => {
    const ada = await arrive();
    await takeAllCalls(ada);
    await ada.page.clock.install();
    await ada.visit('/services');
    const before = await ada.read('.quota');
    await giveBackAll(ada);
    await ada.page.clock.runFor(10 * 60 * 1000);
    await until('a full meter', async () => (await ada.page.locator('.pip.free').count()) === 10);

    expect(before).toContain('0 of 10 left');
    expect(before).toMatch(/One more in \d+ minutes/);
    expect(await ada.read('.quota')).toContain('10 of 10 left');
  });

  test('market: a denied form can be sent again at the end of the countdown, and is then let through', async () => {
    const ada = await arrive();
    await ada.page.clock.install();
    await ada.visit('/services/vente');
    await fillSale(ada);
    await takeAllCalls(ada);
    await ada.press('Put up for sale');
    const wait = await ada.read('#sell-submit + .wait');
    await giveBackAll(ada);
    await ada.page.clock.runFor(10 * 60 * 1000 + 1000);
    const answer = await ada.press('Put up for sale');

    expect(wait).toMatch(/^Available in \d+ minutes/);
    expect(answer.status()).toBe(303);
  });

  test('a button: while nothing is left, of no use until something is', async () => {
    const ada = await arrive();
    await takeAllCalls(ada);
    await ada.page.clock.install();
    await ada.visit('/services/vente');
    const [before, warning] = [await ada.page.isDisabled('#sell-submit'), await ada.read('.quota.spent')];
    await giveBackAll(ada);
    await ada.page.clock.runFor(10 * 60 * 1000 + 1000);
    await until('a button of use', () => ada.page.isEnabled('#sell-submit'));

    expect([before, warning]).toEqual([true, expect.stringContaining('you have reached the limit')]);
  });

  test('market: a form pressed twice without scripts makes one article and one call', async () => {
    const ada = await arrive({ javaScriptEnabled: false });
    await ada.visit('/services/vente');
    await fillSale(ada);
    await ada.page.getByRole('button', { name: 'Put up for sale' }).click({ clickCount: 2 });
    await ada.page.waitForURL(/listed=\d+/);
    await ada.visit('/services');

    expect(await ada.page.locator('section[aria-labelledby=mine] .article').count()).toBe(1);
    expect(await ada.read('.quota')).toContain('9 of 10 left');
  });

  test('an old form sent again after the daemon has forgotten its id creates nothing and costs nothing', async () => {
    const ada = await arrive({ javaScriptEnabled: false });
    await ada.visit('/services/vente');
    await fillSale(ada);
    const first = await ada.press('Put up for sale');
    const id = listedOn(ada);
    await giveBackAll(ada);
    const again = await ada.context.request.post(`${site.url}/services/vente`, {
      data: first.request().postData() ?? '',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      maxRedirects: 0,
    });
    await ada.visit('/services');

    expect([again.status(), again.headers().location]).toEqual([303, `/services/vente?listed=${id}`]);
    expect(await ada.page.locator('section[aria-labelledby=mine] .article').count()).toBe(1);
    expect(await ada.read('.quota')).toContain('10 of 10 left');
  });
});

// It counts all calls of its site.
describe('market, on a site of its own', () => {
  let own: TestSite;
  beforeEach(async () => {
    own = await startSite();
  });
  afterEach(() => own.close());

  test('market: what was sold and bought is in the statistics of the daemon', async () => {
    const id = await sell(await arrive({ at: own }));
    const bob = await arrive({ at: own });
    await bob.visit(`/articles/${id}/buy`);
    await bob.press('Confirm the purchase');

    expect(await callsRecorded(own, 2)).toEqual({ vente: 1, achat: 1 });
  });
});
