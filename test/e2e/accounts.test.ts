import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../helpers/browser';
import {
  newPerson,
  PASSWORD,
  PEOPLE,
  type Person,
  type Reading,
  startSite,
  type TestSite,
} from '../helpers/site';

const NEW_PASSWORD = 'another long enough password';
const ZOE = { email: 'zoe@example.org', firstName: 'Zoë', lastName: 'Çelik' };

/** What `connection` admits in a window. */
const LOGINS = 10;

const PHONE = { width: 360, height: 740 };

const READINGS = [
  ['in English', { locale: 'en-GB' }],
  ['in English, on a phone without scripts', { locale: 'en-GB', viewport: PHONE, javaScriptEnabled: false }],
  ['in French, on a phone', { locale: 'fr-FR', viewport: PHONE }],
  ['in French, without scripts', { locale: 'fr-FR', javaScriptEnabled: false }],
] as const;

const WORDS = {
  'en-GB': {
    signUp: 'Create an account',
    change: 'Change the password',
    changed: 'Your password is changed.',
    wrong: 'This is not your current password.',
    search: 'Search',
    blocked: 'blocked',
    lift: 'Lift the block',
    lifted: 'Done: all of it is free again (Logins).',
  },
  'fr-FR': {
    signUp: 'Créer un compte',
    change: 'Changer de mot de passe',
    changed: 'Votre mot de passe a été changé.',
    wrong: 'Ce n’est pas votre mot de passe actuel.',
    search: 'Rechercher',
    blocked: 'bloqué',
    lift: 'Lever le blocage',
    lifted: 'C’est fait : tout est de nouveau libre (Connexions).',
  },
};

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

async function come(reading: Reading): Promise<Person> {
  const person = await newPerson(browser, site, reading);
  people.push(person);
  return person;
}

describe.each(READINGS)('accounts %s', (_name, reading) => {
  const words = WORDS[reading.locale];

  test('sign-up: a stranger, has an account, is logged in, and can log in again', async () => {
    const zoe = await come(reading);
    await zoe.visit('/login');
    await zoe.page.fill('#firstName', ZOE.firstName);
    await zoe.page.fill('#lastName', ZOE.lastName);
    await zoe.page.fill('#signup-email', ZOE.email);
    await zoe.page.fill('#signup-password', 'short');
    expect((await zoe.press(words.signUp)).status()).toBe(400);
    expect(await zoe.page.locator(':focus').getAttribute('id')).toBe('signup-password');
    expect(await zoe.page.inputValue('#firstName')).toBe(ZOE.firstName);
    await zoe.page.fill('#signup-password', NEW_PASSWORD);
    await zoe.press(words.signUp);
    expect(zoe.path()).toBe('/services');

    const again = await come(reading);
    await again.logIn({ email: ZOE.email, password: NEW_PASSWORD });
    expect(again.path()).toBe('/services');
  });

  test('change of password: a user logged in twice, stays here and is out elsewhere', async () => {
    const [here, elsewhere] = [await come(reading), await come(reading)];
    for (const person of [here, elsewhere]) await person.logIn(PEOPLE.ada);
    const change = async (current: string) => {
      await here.page.fill('#current', current);
      await here.page.fill('#new', NEW_PASSWORD);
      await here.page.fill('#repeated', NEW_PASSWORD);
      return here.press(words.change);
    };
    await here.visit('/account');
    expect((await change('not this one')).status()).toBe(400);
    expect(await here.read('#current-fault')).toContain(words.wrong);
    await change(PASSWORD);
    expect(await here.read('main')).toContain(words.changed);
    await elsewhere.visit('/account');
    expect(elsewhere.path()).toBe('/login');
    expect((await elsewhere.logIn(PEOPLE.ada)).status()).toBe(401);
    expect((await elsewhere.logIn({ ...PEOPLE.ada, password: NEW_PASSWORD })).status()).toBe(303);
  });

  test('students: a student is blocked, the staff finds her and lifts it, she is in', async () => {
    const [ada, eve] = [await come(reading), await come(reading)];
    for (let login = 0; login < LOGINS; login += 1) {
      await ada.logIn(PEOPLE.ada);
      await ada.context.clearCookies();
    }
    expect((await ada.logIn(PEOPLE.ada)).status()).toBe(429);

    await eve.logIn(PEOPLE.eve);
    await eve.visit('/students');
    await eve.page.fill('#q', 'LOVE');
    await eve.page.getByRole('button', { name: words.search }).click();
    await eve.page.getByRole('link', { name: 'Ada Lovelace' }).click();
    await eve.page.waitForURL('**/students/1');
    expect(await eve.read('main')).toContain(words.blocked);
    await eve.press(words.lift);
    expect(await eve.read('main')).toContain(words.lifted);
    expect(await eve.read('main')).not.toContain(words.blocked);
    expect((await ada.logIn(PEOPLE.ada)).status()).toBe(303);
  });
});
