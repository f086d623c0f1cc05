import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { createAdminClient } from '../helpers/admin_client';
import { startBrowser } from '../helpers/browser';
import { createScene, LANGUAGES, OFFER, resetAll, SALE, whileFailing, withoutDaemon } from './scene';
import { CAMILLE, HUGO, INES, NATHALIE, openStage, PASSWORD, type Stage } from './stage';

const NEW_PASSWORD = 'trois girafes jonglent';

let browser: Browser;
let stage: Stage;
const place = () => ({ browser, stage });
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** One of them comes back in half a minute. */
const FEW_ATTEMPTS = 20;

const LOGIN = 'form[action="/login"]';

async function take(subject: { id: number }, policy: string, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await stage.daemon.client.admit({ subject: String(subject.id), policy });
}

describe('a new site', () => {
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());

  test.each(LANGUAGES)('empty pages (%s)', async (language, locale) => {
    const { arrive, shootAll, leave } = createScene(language, { locale, place });
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
  beforeEach(() => resetAll(stage));

  describe.each(LANGUAGES)('in %s', (language, locale) => {
    const { arrive, shoot, shootAll, send, leave } = createScene(language, { locale, place });
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
      await shootAll(camille, {
        'new-sale-count': '/',
        'new-sale': '/services',
        'article-sold': `/articles/${id}`,
      });
      await shootAll(ines, { 'services-new': '/services' });
      await camille.visit('/services/vente');
      await send(camille, SALE, { ...OFFER, title: 'Lampe de bureau', category: 'other' });
      await camille.page.locator('.notice a').click();
      await camille.page.locator('.withdraw summary').click();
      await send(camille, '.withdraw form');
      await shoot(camille.page, 'withdrawn');
    });

    test('pages of an account', async () => {
      const maud = await arrive(await stage.addMaud());
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
      // As configured, one attempt comes back each second, which is faster than a busy machine sends forms.
      const { client, target } = stage.daemon;
      const address = { subject: '127.0.0.1', policy: 'login-attempt' };
      const admin = createAdminClient(target);
      await admin.setOverride({ ...address, limitName: 'burst', limit: FEW_ATTEMPTS });
      // One by one: some may be taken already.
      for (let n = 0; n < FEW_ATTEMPTS; n += 1) await client.admit(address);
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
      await admin.clearOverride({ ...address, limitName: 'burst' });
      admin.close();

      await camille.visit('/services/vente');
      await resetAll(stage);
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
      await withoutDaemon(stage, async () => {
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
      });
      await whileFailing(async () => {
        stage.mysql.freeze();
        await shootAll(camille, { unavailable: '/services' });
        stage.mysql.thaw();
        await stage.query('RENAME TABLE articles TO articles_away');
        await shootAll(visitor, { 'internal-error': '/services/achat' });
        await stage.query('RENAME TABLE articles_away TO articles');
      });
    });
  });
});
