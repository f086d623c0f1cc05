import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { createKnownDevices } from '../../web/accounts/known_devices';
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
import { until } from '../helpers/wait';
import { SESSION_SECRET } from '../helpers/web';

const WORDS = {
  'en-GB': {
    logIn: 'Log in',
    denied: 'Too many logins',
    guessed: 'Too many passwords have been tried for this email address.',
    calledTooOften: 'Too many calls',
    comeBack: /You may try again in .*(minutes|seconds)/,
    ended: 'what you typed has been kept',
    sell: 'Put up for sale',
    edited: 'Your changes have been saved.',
    withdrawn: 'Your article has been withdrawn.',
    wrong: 'This is not your current password.',
    deleted: 'Your account has been deleted.',
    hour: 'Hour,Connections,Calls,Connections denied,Calls denied',
  },
  'fr-FR': {
    logIn: 'Se connecter',
    denied: 'Trop de connexions',
    guessed: 'Trop de mots de passe ont été essayés pour cette adresse e-mail.',
    calledTooOften: 'Trop d’opérations',
    comeBack: /Vous pourrez réessayer dans .*(minutes|secondes)/,
    ended: 'ce que vous avez saisi est conservé',
    sell: 'Mettre en vente',
    edited: 'Vos modifications ont été enregistrées.',
    withdrawn: 'Votre article a été retiré de la vente.',
    wrong: 'Ce n’est pas votre mot de passe actuel.',
    deleted: 'Votre compte a été supprimé.',
    hour: 'Heure,Connexions,Opérations,Connexions refusées,Opérations refusées',
  },
} as const;

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

/** As if strangers had tried ten wrong passwords just now. */
async function guess({ email }: Student): Promise<void> {
  const subject = createKnownDevices(SESSION_SECRET).accountSubjectOf(email);
  await site.daemon.client.admit({ subject, policy: 'password-attempt', cost: 10 });
}

describe.each([
  ['en-GB', true],
  ['en-GB', false],
  ['fr-FR', true],
  ['fr-FR', false],
] as const)('in %s, scripts %s', (locale, javaScriptEnabled) => {
  const words = WORDS[locale];

  async function arrive(who?: { email: string }): Promise<Person> {
    const person = await newPerson(browser, site, { locale, javaScriptEnabled });
    people.push(person);
    if (who) await person.enter(who);
    return person;
  }

  /** Fills in the login form of the page in sight, and sends it. */
  async function logInHere({ page, press }: Person, { email }: { email: string }) {
    await page.fill('form[action="/login"] [name=email]', email);
    await page.fill('form[action="/login"] [name=password]', PASSWORD);
    return press(words.logIn);
  }

  async function sellLamp({ page, visit, press }: Person): Promise<string> {
    await visit('/services/vente');
    await page.fill('#title', 'Lampe');
    await page.selectOption('#category', 'other');
    await page.selectOption('#condition', 'fair');
    await page.fill('#price', '7');
    await press(words.sell);
    return `/articles/${new URL(page.url()).searchParams.get('listed')}`;
  }

  test('a visitor browses, and the login leads to the purchase that was wanted', async () => {
    const [seller, buyer] = [await addStudent(site), await addStudent(site)];
    const article = await sellLamp(await arrive(seller));
    const visitor = await arrive();
    await visitor.visit('/services/achat?q=lampe');
    await visitor.page.locator('.article-link').first().click();
    await visitor.page.waitForURL('**/articles/*');
    await visitor.page.locator('main .actions a.button').click();
    await visitor.page.waitForURL('**/login?*');
    await logInHere(visitor, buyer);

    expect(article).toMatch(/^\/articles\/\d+$/);
    expect(visitor.path()).toMatch(/^\/articles\/\d+\/buy$/);
  });

  test('the eleventh login is denied with its reason, and another student logs in on the same page', async () => {
    const [denied, other] = [await addStudent(site), await addStudent(site)];
    await site.daemon.client.admit({ subject: String(denied.id), policy: 'connection', cost: 10 });
    const zoe = await arrive();
    const answer = await zoe.logIn(denied);
    const alert = await zoe.read('[role=alert]');
    await logInHere(zoe, other);

    expect(answer.status()).toBe(429);
    expect(alert).toContain(words.denied);
    expect(alert).toMatch(words.comeBack);
    expect(zoe.path()).toBe('/services');
  });

  test('strangers guess a password: its owner is denied in a new browser, another is not, and the staff lifts it', async () => {
    const [denied, other] = [await addStudent(site), await addStudent(site)];
    await guess(denied);
    const zoe = await arrive();
    const answer = await zoe.logIn(denied);
    const alert = await zoe.read('[role=alert]');
    await logInHere(zoe, other);
    const eve = await arrive(PEOPLE.eve);
    await eve.visit(`/students/${denied.id}`);
    const lift = eve.page.locator('section[aria-labelledby=policy-password-attempt] button').first();
    await Promise.all([eve.page.waitForURL(/lifted=password-attempt/), lift.click()]);
    const again = await (await arrive()).logIn(denied);

    expect(alert).toContain(words.guessed);
    expect(alert).toMatch(words.comeBack);
    expect(zoe.path()).toBe('/services');
    expect([answer.status(), again.status()]).toEqual([429, 303]);
  });

  test('a change of password is denied with its reason after too many wrong ones', async () => {
    const student = await addStudent(site);
    const zoe = await arrive(student);
    // Known browsers are counted apart.
    await zoe.context.clearCookies({ name: 'device' });
    await guess(student);
    await zoe.visit('/account');
    await zoe.page.fill('#current', PASSWORD);
    for (const field of ['#new', '#repeated']) await zoe.page.fill(field, 'another long enough password');
    await Promise.all([zoe.page.waitForEvent('load'), zoe.page.click('#password-submit')]);

    expect(await zoe.read('[role=alert]')).toContain(words.guessed);
    expect(await zoe.page.isEnabled('#password-submit')).toBe(!javaScriptEnabled);
  });

  test('an edit is denied with its reason after ten calls, and what was typed stays', async () => {
    const student = await addStudent(site);
    const zoe = await arrive(student);
    const article = await sellLamp(zoe);
    await zoe.visit(`${article}/edit`);
    await zoe.page.fill('#price', '5');
    await site.daemon.client.admit({ subject: String(student.id), policy: 'service-call', cost: 9 });
    await Promise.all([zoe.page.waitForEvent('load'), zoe.page.click('#edit-submit')]);
    const [alert, typed] = [await zoe.read('[role=alert]'), await zoe.page.inputValue('#price')];
    await zoe.visit(article);

    expect(alert).toContain(words.calledTooOften);
    expect(typed).toBe('5');
    expect(await zoe.read('.price')).toMatch(/^(€7\.00|7,00 €)$/);
  });

  test('a seller edits an article, and withdraws it', async () => {
    const zoe = await arrive(await addStudent(site));
    const article = await sellLamp(zoe);
    await zoe.visit(`${article}/edit`);
    await zoe.page.fill('#price', '5');
    await Promise.all([zoe.page.waitForURL(/done=edited/), zoe.page.click('#edit-submit')]);
    const [edited, price] = [await zoe.read('.notice'), await zoe.read('.price')];
    await zoe.page.locator('.withdraw summary').click();
    await Promise.all([zoe.page.waitForURL(/done=withdrawn/), zoe.page.click('.withdraw button')]);
    const withdrawn = await zoe.read('.notice');
    await zoe.visit(article);

    expect([edited, withdrawn]).toEqual([words.edited, words.withdrawn]);
    expect(price).toMatch(/^(€5\.00|5,00 €)$/);
    expect(await zoe.read('.verdict-code')).toBe('404');
  });

  test('a session ends, and the login leads back to what was typed; a second tab goes on as well', async () => {
    const student = await addStudent(site);
    const zoe = await arrive(student);
    await zoe.visit('/services/vente');
    const second = await zoe.context.newPage();
    await second.goto(`${site.url}/account`);
    await zoe.page.fill('#title', 'Le Rouge & le Noir');
    await zoe.page.fill('#description', 'Poche,\ndeux tomes.');
    await zoe.context.clearCookies({ name: 'sid' });
    await second.reload();
    await zoe.press(words.sell);
    const alert = await zoe.read('[role=alert]');
    await logInHere(zoe, student);
    // Its login page is older than the session.
    await second.fill('#email', student.email);
    await second.fill('#password', PASSWORD);
    await Promise.all([second.waitForURL('**/account'), second.click('#login-submit')]);

    expect(alert).toContain(words.ended);
    expect(zoe.path()).toBe('/services/vente');
    expect(await zoe.page.inputValue('#title')).toBe('Le Rouge & le Noir');
    expect(await zoe.page.inputValue('#description')).toBe('Poche,\ndeux tomes.');
  });

  test('a student deletes the account: a wrong password deletes nothing, the right one all of it', async () => {
    const student = await addStudent(site);
    const zoe = await arrive(student);
    const article = await sellLamp(zoe);
    await zoe.visit('/account');
    await zoe.page.locator('summary').click();
    const send = async (password: string) => {
      await zoe.page.fill('#deletion-password', password);
      await Promise.all([zoe.page.waitForEvent('load'), zoe.page.click('#deletion-submit')]);
    };
    await send('not the password');
    const fault = await zoe.read('#deletion-password-fault');
    await send(PASSWORD);
    const told = await zoe.read('.notice');
    const again = await zoe.logIn(student);
    await zoe.visit(article);

    expect([fault, told]).toEqual([words.wrong, words.deleted]);
    expect(again.status()).toBe(401);
    expect(await zoe.read('.verdict-code')).toBe('404');
  });

  test('the staff lifts a block from the list, raises a limit and reads each range of the board', async () => {
    const { id } = await addStudent(site);
    const connect = () => site.daemon.client.admit({ subject: String(id), policy: 'connection' });
    for (let n = 0; n < 11; n += 1) await connect();
    const eve = await arrive(PEOPLE.eve);
    const lift = eve.page.locator(`.blocked form[action="/students/${id}/reset"] button`);
    // Denials are delivered with a delay.
    await until('a student who is listed as blocked', async () => {
      await eve.visit('/students');
      return (await lift.count()) === 1;
    });
    await Promise.all([eve.page.waitForURL(/lifted=connection/), lift.click()]);
    const raise = eve.page.locator('section[aria-labelledby=policy-connection] details');
    await raise.locator('summary').click();
    await raise.locator('[name=size]').fill('12');
    await Promise.all([eve.page.waitForURL(/raised=connection/), raise.locator('[type=submit]').click()]);
    const { limits } = await connect();
    await eve.visit('/statistics');
    const ranges = [];
    for (const range of ['24h', '3d', '7d']) {
      await eve.page.locator(`.ranges a[href$="${range}"]`).click();
      await eve.page.waitForURL(`**/statistics?range=${range}`);
      ranges.push(await eve.page.locator('[data-panel=hours] tbody tr').count());
    }
    const [file] = await Promise.all([
      eve.page.waitForEvent('download'),
      eve.page.locator('[data-panel=hours] .export a').click(),
    ]);
    const csv = readFileSync(await file.path(), 'utf8');

    expect(limits[0]).toMatchObject({ limit: 12, remaining: 11 });
    expect(ranges).toEqual([24, 72, 168]);
    expect(csv).toContain(words.hour);
  });
});
