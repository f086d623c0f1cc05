import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../helpers/browser';
import {
  addStudent,
  newPerson,
  PASSWORD,
  PEOPLE,
  type Person,
  type Reading,
  startSite,
  type TestSite,
} from '../helpers/site';
import { until } from '../helpers/wait';

const NEW_PASSWORD = 'another long enough password';
const ZOE = { firstName: 'Zoë', lastName: 'Çelik' };

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
    change: 'Change password',
    changed: 'Your password has been changed.',
    wrong: 'This is not your current password.',
    search: 'Search',
    open: 'Logins not blocked',
    lift: 'Lift the block',
    lifted: 'Quota reset (Logins).',
  },
  'fr-FR': {
    signUp: 'Créer un compte',
    change: 'Changer de mot de passe',
    changed: 'Votre mot de passe a été changé.',
    wrong: 'Ce n’est pas votre mot de passe actuel.',
    search: 'Rechercher',
    open: 'Connexions non bloqué',
    lift: 'Lever le blocage',
    lifted: 'Le quota a été réinitialisé (Connexions).',
  },
};

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

async function come(reading: Reading): Promise<Person> {
  const person = await newPerson(browser, site, reading);
  people.push(person);
  return person;
}

describe.each(READINGS)('accounts %s', (_name, reading) => {
  const words = WORDS[reading.locale];

  test('sign-up: a stranger has an account, is logged in, and can log in again', async () => {
    const email = `${randomUUID()}@example.org`;
    const zoe = await come(reading);
    await zoe.visit('/login');
    await zoe.page.fill('#firstName', ZOE.firstName);
    await zoe.page.fill('#lastName', ZOE.lastName);
    await zoe.page.fill('#signup-email', email);
    await zoe.page.fill('#signup-password', 'short');
    expect((await zoe.press(words.signUp)).status()).toBe(400);
    expect(await zoe.page.locator(':focus').getAttribute('id')).toBe('signup-password');
    expect(await zoe.page.inputValue('#firstName')).toBe(ZOE.firstName);
    // Again while a busy machine has no answer in time.
    let status = 503;
    await until('an answer to the sign-up', async () => {
      await zoe.page.fill('#signup-password', NEW_PASSWORD);
      status = (await zoe.press(words.signUp)).status();
      return status !== 503;
    });
    expect([status, zoe.path()]).toEqual([303, '/services']);

    const again = await come(reading);
    await again.logIn({ email, password: NEW_PASSWORD });
    expect(again.path()).toBe('/services');
  });

  test('change of password: a user logged in twice stays here and is out elsewhere', async () => {
    const student = await addStudent(site);
    const [here, elsewhere] = [await come(reading), await come(reading)];
    for (const person of [here, elsewhere]) await person.enter(student);
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
    expect((await elsewhere.logIn(student)).status()).toBe(401);
    expect((await elsewhere.logIn({ ...student, password: NEW_PASSWORD })).status()).toBe(303);
  });

  test('students: a student is blocked, the staff finds her and lifts it, she is in', async () => {
    const student = await addStudent(site, { firstName: 'Ada', lastName: `Lovelace ${randomUUID()}` });
    const { id, firstName, lastName } = student;
    const [ada, eve] = [await come(reading), await come(reading)];
    await site.daemon.client.admit({ subject: String(id), policy: 'connection', cost: LOGINS });
    expect((await ada.logIn(student)).status()).toBe(429);

    await eve.enter(PEOPLE.eve);
    await eve.visit('/students');
    await eve.page.fill('#q', lastName.toUpperCase());
    await eve.page.getByRole('button', { name: words.search }).click();
    await eve.page.getByRole('link', { name: `${firstName} ${lastName}` }).click();
    await eve.page.waitForURL(`**/students/${id}`);
    expect(await eve.read('main')).not.toContain(words.open);
    await eve.press(words.lift);
    expect(await eve.read('main')).toContain(words.lifted);
    expect(await eve.read('main')).toContain(words.open);
    expect((await ada.logIn(student)).status()).toBe(303);
  });
});
