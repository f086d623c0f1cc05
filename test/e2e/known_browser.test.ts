import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../helpers/browser';
import { addStudent, newPerson, PEOPLE, type Person, startSite, type TestSite } from '../helpers/site';
import { until } from '../helpers/wait';

const WORDS = {
  'en-GB': {
    guessed: 'Too many passwords have been tried for this email address.',
    wrong: 'Incorrect email or password.',
    quota: 'Password attempts in a known browser',
    lifted: 'Quota reset (Password attempts).',
  },
  'fr-FR': {
    guessed: 'Trop de mots de passe ont été essayés pour cette adresse e-mail.',
    wrong: 'Adresse e-mail ou mot de passe incorrect.',
    quota: 'Tentatives de mot de passe dans un navigateur connu',
    lifted: 'Le quota a été réinitialisé (Tentatives de mot de passe).',
  },
} as const;

/** How many wrong passwords a browser that has logged in before may send. */
const MOST_WRONG = 10;

let browser: Browser;
let site: TestSite;
let people: Person[] = [];

beforeAll(async () => {
  browser = await startBrowser();
  site = await startSite();
});
afterAll(async () => {
  await browser.close();
  await site.close();
});
afterEach(async () => {
  for (const { context } of people) await context.close();
  people = [];
});

describe.each([
  ['en-GB', true],
  ['en-GB', false],
  ['fr-FR', true],
  ['fr-FR', false],
] as const)('in %s, scripts %s', (locale, javaScriptEnabled) => {
  const words = WORDS[locale];

  async function arrive(who: { email: string }): Promise<Person> {
    const person = await newPerson(browser, site, { locale, javaScriptEnabled });
    people.push(person);
    await person.enter(who);
    return person;
  }

  test('a student forgets the password: the staff sees whose browser is denied, and lifts it from the list', async () => {
    const student = await addStudent(site, { lastName: `Oublie ${locale} ${javaScriptEnabled}` });
    const zoe = await arrive(student);
    await zoe.context.clearCookies({ name: 'sid' });
    const wrong = new Set<string>();
    for (let tries = 0; tries < MOST_WRONG; tries += 1) {
      await zoe.logIn({ ...student, password: 'not the password' });
      wrong.add(await zoe.read('[role=alert]'));
    }
    const denied = await zoe.logIn(student);
    const alert = await zoe.read('[role=alert]');
    const eve = await arrive(PEOPLE.eve);
    const row = eve.page.locator('.blocked tr', { hasText: student.lastName });
    // Denials are delivered with a delay.
    await until('a browser that is listed as blocked', async () => {
      await eve.visit('/students');
      return (await row.count()) === 1;
    });
    const listed = await row.innerText();
    const cards = eve.page.locator('section h3', { hasText: words.quota });
    await eve.visit(`/students/${student.id}`);
    const blockedCards = await cards.count();
    await eve.visit('/students');
    await Promise.all([eve.page.waitForURL(/lifted=password-attempt/), row.locator('button').click()]);
    const [notice, cardsAfter] = [await eve.read('.notice'), await cards.count()];
    const again = await zoe.logIn(student);

    expect([...wrong]).toEqual([expect.stringContaining(words.wrong)]);
    expect(alert).toContain(words.guessed);
    expect(listed).toContain(words.quota);
    expect([blockedCards, cardsAfter]).toEqual([1, 0]);
    expect(notice).toContain(words.lifted);
    expect([denied.status(), again.status()]).toEqual([429, 303]);
  });
});
