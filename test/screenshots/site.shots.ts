import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { createAdminClient } from '../helpers/admin_client';
import { startBrowser } from '../helpers/browser';
import { newPerson, type Person } from '../helpers/site';
import { type Camera, createCamera } from './camera';
import { CAMILLE, HUGO, INES, NATHALIE, openStage, PASSWORD, type Stage } from './stage';

const LANGUAGES = [
  ['fr', 'fr-FR'],
  ['en', 'en-GB'],
] as const;

/** A busy machine takes its time, and a picture that comes late is as good. */
const PATIENCE_MS = 20 * 60 * 1_000;

/** How often a form is sent, or a page opened, that a busy machine answered with the page of an outage. */
const MOST_TRIES = 20;

const NEW_PASSWORD = 'trois girafes jonglent';

let browser: Browser;
let stage: Stage;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Opens the pages of one language, each in a browser of its own. */
function scene(language: string, locale: 'fr-FR' | 'en-GB') {
  const shoot: Camera = createCamera(language);
  const people: Person[] = [];
  const arrive = async (who?: { email: string }) => {
    const person = await newPerson(browser, stage, { locale });
    person.context.setDefaultTimeout(PATIENCE_MS);
    people.push(person);
    if (who) await person.enter({ ...who, password: PASSWORD });
    return person;
  };
  return {
    shoot,
    arrive,
    async shootAll({ page, visit }: Person, pages: Record<string, string>) {
      for (const [name, path] of Object.entries(pages)) {
        await untilAnswered(page, () => visit(path));
        await shoot(page, name);
      }
    },
    /** Sends a form, whatever its button says. */
    send({ page }: Person, form: string, fields: Record<string, string> = {}) {
      return untilAnswered(page, async () => {
        for (const [name, value] of Object.entries(fields))
          await fill(page.locator(`${form} [name=${name}]`), value);
        await Promise.all([page.waitForEvent('load'), page.locator(`${form} [type=submit]`).first().click()]);
      });
    },
    async leave() {
      for (const { context } of people.splice(0)) await context.close();
    },
  };
}

/** What shows that the daemon did not answer in time: a form's result, or the totals of the home page. */
const UNANSWERED = 'section.outage, section[aria-labelledby=totals] > .notice';

/** Set while a part is stopped on purpose: the page of an outage is then what is wanted. */
let isFailing = false;

/** Repeats what a busy daemon did not answer in time. A form that is sent again is one request: it has an id. */
async function untilAnswered(page: Page, act: () => Promise<void>): Promise<void> {
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    await act();
    if (isFailing || (await page.locator(UNANSWERED).count()) === 0) return;
  }
}

async function fill(field: ReturnType<Person['page']['locator']>, value: string): Promise<void> {
  if (await field.evaluate((element) => element.nodeName === 'SELECT')) await field.selectOption(value);
  else await field.fill(value);
}

const SALE = '.form[action="/services/vente"]';
const LOGIN = 'form[action="/login"]';
const OFFER = {
  title: 'Atlas du monde, édition reliée',
  category: 'book',
  condition: 'very_good',
  price: '18',
  description: 'Quelques annotations au crayon.\nÀ remettre à la bibliothèque.',
};

/** Gives everybody their limits back, so that one picture does not spoil the next. */
async function resetAll(): Promise<void> {
  const admin = createAdminClient(stage.daemon.target);
  for (const { id } of [CAMILLE, HUGO, INES, NATHALIE]) await admin.resetQuota(String(id));
  await admin.resetQuota('127.0.0.1');
  admin.close();
}

async function take(subject: { id: number }, policy: string, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await stage.daemon.client.admit({ subject: String(subject.id), policy });
}

describe('a new site', () => {
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  test.each(LANGUAGES)('empty pages (%s)', async (language, locale) => {
    const { arrive, shootAll, leave } = scene(language, locale);
    await shootAll(await arrive(), { 'empty-home': '/', 'empty-list': '/services/achat' });
    await shootAll(await arrive(CAMILLE), { 'empty-services': '/services' });
    await shootAll(await arrive(NATHALIE), {
      'empty-statistics': '/statistics',
      'empty-students': '/students',
    });
    await leave();
  });
});

describe('a busy site', () => {
  beforeAll(async () => {
    stage = await openStage();
    await stage.playDays();
  });
  afterAll(() => stage.close());
  beforeEach(resetAll);

  describe.each(LANGUAGES)('in %s', (language, locale) => {
    const { arrive, shoot, shootAll, send, leave } = scene(language, locale);
    afterEach(leave);

    test('pages of a visitor', async () => {
      const visitor = await arrive();
      await shootAll(visitor, {
        home: '/',
        list: '/services/achat',
        'list-filtered': '/services/achat?q=le&category=book&sort=cheapest',
        'list-none': '/services/achat?q=zzz',
        'list-faults': '/services/achat?q=%3F&max=much',
        article: `/articles/${await stage.articleForSale()}`,
        'not-found': '/nowhere',
        login: '/login',
      });
      await send(visitor, LOGIN);
      await shoot(visitor.page, 'login-faults');
      await send(visitor, LOGIN, { email: CAMILLE.email, password: 'not the password' });
      await shoot(visitor.page, 'login-wrong');
      await send(visitor, 'form[action="/signup"]', { firstName: 'Zoé', email: 'zoe', password: 'azerty' });
      await shoot(visitor.page, 'sign-up-faults');
      await visitor.visit('/login');
      await visitor.page.evaluate('document.querySelector("[name=_csrf]").value = ""');
      await send(visitor, LOGIN, { email: CAMILLE.email, password: PASSWORD });
      await shoot(visitor.page, 'form-expired');
    });

    test('pages of a student', async () => {
      const camille = await arrive(CAMILLE);
      await shootAll(camille, { 'student-home': '/', sell: '/services/vente', forbidden: '/statistics' });
      await camille.visit('/services/vente');
      await send(camille, SALE);
      await shoot(camille.page, 'sell-faults');
      await send(camille, SALE, OFFER);
      await shoot(camille.page, 'sell-listed');
      const id = new URL(camille.page.url()).searchParams.get('listed');
      await shootAll(camille, {
        services: '/services',
        'article-own': `/articles/${id}`,
        edit: `/articles/${id}/edit`,
      });
      await send(camille, `form[action="/articles/${id}/edit"]`, { title: '', price: '0' });
      await shoot(camille.page, 'edit-faults');
      await send(camille, `form[action="/articles/${id}/edit"]`, { title: OFFER.title, price: '17' });
      await shoot(camille.page, 'edited');
      await camille.page.locator('.withdraw summary').click();
      await shoot(camille.page, 'withdraw');

      const hugo = await arrive(HUGO);
      await shootAll(hugo, { 'article-student': `/articles/${id}`, confirm: `/articles/${id}/buy` });
      await stage.query(`UPDATE articles SET price_cents = 1600 WHERE id = ${id}`);
      await send(hugo, 'form[action="/services/achat"]');
      await shoot(hugo.page, 'confirm-price-changed');
      const ines = await arrive(INES);
      await ines.visit(`/articles/${id}/buy`);
      await send(hugo, 'form[action="/services/achat"]');
      await shoot(hugo.page, 'bought');
      await send(ines, 'form[action="/services/achat"]');
      await shoot(ines.page, 'sold-already');
      await shootAll(camille, { 'new-sale': '/services', 'article-sold': `/articles/${id}` });
      await shootAll(ines, { 'services-new': '/services' });
      await camille.visit('/services/vente');
      await send(camille, SALE, { ...OFFER, title: 'Lampe de bureau', category: 'other' });
      await camille.page.locator('.notice a').click();
      await camille.page.locator('.withdraw summary').click();
      await send(camille, '.withdraw form');
      await shoot(camille.page, 'withdrawn');
    });

    test('pages of an account', async () => {
      await stage.query(
        `INSERT INTO users (email, first_name, last_name, role, password_hash)
         SELECT 'maud@etuservices.example', 'Maud', 'Petit', 'student', password_hash FROM users WHERE id = ${CAMILLE.id}`,
      );
      const maud = await arrive({ email: 'maud@etuservices.example' });
      await shootAll(maud, { account: '/account' });
      await send(maud, 'form[action="/account/password"]', { current: 'x', new: 'azerty', repeated: 'y' });
      await shoot(maud.page, 'account-faults');
      const change = { current: PASSWORD, new: NEW_PASSWORD, repeated: NEW_PASSWORD };
      await send(maud, 'form[action="/account/password"]', change);
      await shoot(maud.page, 'password-changed');
      await maud.page.locator('details summary').click();
      await send(maud, 'form[action="/account/delete"]', { password: 'not the password' });
      await shoot(maud.page, 'deletion-faults');
      await send(maud, 'form[action="/account/delete"]', { password: NEW_PASSWORD });
      await shoot(maud.page, 'account-deleted');
    });

    test('limits that are reached', async () => {
      const camille = await arrive(CAMILLE);
      await take(CAMILLE, 'service-call', 8);
      await shootAll(camille, { 'meter-low': '/services', 'student-home-low': '/' });
      await camille.visit('/services/vente');
      const buying = await arrive(CAMILLE);
      await buying.visit(`/articles/${await stage.articleForSale()}/buy`);
      await take(CAMILLE, 'service-call', 2);
      await send(camille, SALE, OFFER);
      await shoot(camille.page, 'sell-denied');
      await send(buying, 'form[action="/services/achat"]');
      await shoot(buying.page, 'buy-denied');
      await shootAll(camille, { 'meter-spent': '/services', 'sell-spent': '/services/vente' });

      await take(HUGO, 'connection', 10);
      const hugo = await arrive();
      await hugo.logIn({ ...HUGO, password: PASSWORD });
      await shoot(hugo.page, 'login-denied');
      await stage.daemon.client.admit({ subject: '127.0.0.1', policy: 'login-attempt', cost: 597 });
      const visitor = await arrive();
      for (
        let attempt = 0;
        attempt < 20 && (await visitor.page.locator('section.refused').count()) === 0;
        attempt += 1
      )
        await visitor.logIn({
          email: `someone.${language}@etuservices.example`,
          password: 'not the password',
        });
      await shoot(visitor.page, 'too-many-attempts');

      await camille.visit('/services/vente');
      await resetAll();
      await camille.visit('/services/vente');
      await camille.page.fill('#title', OFFER.title);
      await camille.context.clearCookies({ name: 'sid' });
      await send(camille, SALE);
      await shoot(camille.page, 'session-ended');
    });

    test('pages of the staff', async () => {
      const nathalie = await arrive(NATHALIE);
      for (const range of ['24h', '3d', '7d']) {
        await nathalie.visit(`/statistics?range=${range}`);
        await nathalie.page.locator('.board-state .good').waitFor();
        await shoot(nathalie.page, `statistics-${range}`);
      }
      await nathalie.page.locator('[data-panel=hours] summary').click();
      await shoot(nathalie.page, 'statistics-table');
      await take(CAMILLE, 'connection', 11);
      await take(HUGO, 'service-call', 11);
      await stage.daemon.client.admit({ subject: '203.0.113.7', policy: 'login-attempt', cost: 600 });
      await stage.daemon.client.admit({ subject: '203.0.113.7', policy: 'login-attempt' });
      await nathalie.visit('/students');
      await shoot(nathalie.page, 'students');
      await shootAll(nathalie, {
        'students-found': '/students?q=le',
        'students-nobody': '/students?q=zzz',
        'student-blocked': `/students/${CAMILLE.id}`,
      });
      const card = 'section[aria-labelledby=policy-connection]';
      await nathalie.page.locator(`${card} summary`).click();
      await send(nathalie, `${card} details form`, { size: '5000' });
      await shoot(nathalie.page, 'raise-faults');
      await send(nathalie, `${card} details form`, { size: '20' });
      await shoot(nathalie.page, 'raised');
      await send(nathalie, `${card} form[action$="/reset"]`);
      await shoot(nathalie.page, 'lifted');
      await nathalie.visit('/statistics');
      await stage.query('DELETE FROM sessions');
      await nathalie.page.locator('#ended').waitFor();
      await shoot(nathalie.page, 'statistics-ended');
      const admin = createAdminClient(stage.daemon.target);
      await admin.clearOverride({
        subject: String(CAMILLE.id),
        policy: 'connection',
        limitName: 'per-window',
      });
      admin.close();
    });

    test('parts that fail', async () => {
      const [camille, nathalie, visitor] = [await arrive(CAMILLE), await arrive(NATHALIE), await arrive()];
      await camille.visit('/services/vente');
      isFailing = true;
      stage.daemon.process.kill('SIGSTOP');
      await send(camille, SALE, OFFER);
      await shoot(camille.page, 'sell-outage');
      await shootAll(camille, { 'services-outage': '/services' });
      await shootAll(nathalie, {
        'statistics-outage': '/statistics',
        'students-outage': '/students',
        'student-outage': `/students/${CAMILLE.id}`,
      });
      await shootAll(visitor, { 'home-outage': '/' });
      await visitor.logIn({ email: INES.email, password: PASSWORD });
      await shoot(visitor.page, 'login-outage');
      stage.daemon.process.kill('SIGCONT');
      stage.mysql.freeze();
      await shootAll(camille, { unavailable: '/services' });
      stage.mysql.thaw();
      await stage.query('RENAME TABLE articles TO articles_away');
      await shootAll(visitor, { 'internal-error': '/services/achat' });
      await stage.query('RENAME TABLE articles_away TO articles');
      isFailing = false;
    });
  });
});
