import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../helpers/browser';
import { until } from '../helpers/wait';
import { createScene, LANGUAGES, OFFER, resetAll, SALE, withoutDaemon } from './scene';
import { CAMILLE, HUGO, INES, NATHALIE, openStage, PASSWORD, type Stage } from './stage';

const WRONG = {
  current: 'not the password',
  new: 'trois girafes jonglent',
  repeated: 'trois girafes jonglent',
};

let browser: Browser;
let stage: Stage;
const place = () => ({ browser, stage });
beforeAll(async () => {
  browser = await startBrowser();
  stage = await openStage();
});
afterAll(async () => {
  await browser.close();
  await stage.close();
});
beforeEach(() => resetAll(stage));

describe.each(LANGUAGES)('states that few people meet, in %s', (language, locale) => {
  const { arrive, shoot, shootAll, send, leave } = createScene(language, { locale, place });
  afterEach(leave);

  test('an edit that is denied or meets an outage', async () => {
    const hugo = await arrive(HUGO);
    await hugo.visit('/services/vente');
    await send(hugo, SALE, OFFER);
    const article = `/articles/${new URL(hugo.page.url()).searchParams.get('listed')}`;
    const [form, change] = [`form[action="${article}/edit"]`, { title: OFFER.title, price: '17' }];
    await hugo.visit(`${article}/edit`);
    await stage.daemon.client.admit({ subject: String(HUGO.id), policy: 'service-call', cost: 9 });
    await send(hugo, form, change);
    await shoot(hugo.page, 'edit-denied');
    await resetAll(stage);
    await hugo.visit(`${article}/edit`);
    await withoutDaemon(stage, async () => {
      await send(hugo, form, change);
      await shoot(hugo.page, 'edit-outage');
    });
  });

  test('too many passwords in a known browser, and the staff that lifts it', async () => {
    const camille = await arrive(CAMILLE);
    await camille.visit('/account');
    const changePassword = () => send(camille, 'form[action="/account/password"]', WRONG);
    while ((await camille.page.locator('section.refused').count()) === 0) await changePassword();
    await shoot(camille.page, 'account-denied');
    const deleteAccount = async () => {
      await camille.visit('/account');
      await camille.page.locator('details summary').click();
      await send(camille, 'form[action="/account/delete"]', { password: PASSWORD });
    };
    await deleteAccount();
    await shoot(camille.page, 'deletion-denied');
    await camille.context.clearCookies({ name: 'sid' });
    await camille.logIn({ ...CAMILLE, password: PASSWORD });
    await shoot(camille.page, 'login-password-denied');

    const nathalie = await arrive(NATHALIE);
    const lift = nathalie.page.locator(`.blocked form[action="/students/${CAMILLE.id}/reset"] button`);
    await until('a browser that is listed as blocked', async () => {
      await nathalie.visit('/students');
      return (await lift.count()) === 1;
    });
    await shoot(nathalie.page, 'students-browser');
    await shootAll(nathalie, { 'student-browser': `/students/${CAMILLE.id}` });
    await nathalie.visit('/students');
    await Promise.all([nathalie.page.waitForURL(/lifted/), lift.click()]);
    await shoot(nathalie.page, 'browser-lifted');

    await camille.enter({ ...CAMILLE, password: PASSWORD });
    await camille.visit('/account');
    await withoutDaemon(stage, async () => {
      await changePassword();
      await shoot(camille.page, 'account-outage');
      await deleteAccount();
      await shoot(camille.page, 'deletion-outage');
    });
  });

  test('a purchase whose seller has deleted the account', async () => {
    const maud = await arrive(await stage.addMaud());
    await maud.visit('/services/vente');
    await send(maud, SALE, { ...OFFER, title: 'Lampe de bureau', category: 'other' });
    const article = `/articles/${new URL(maud.page.url()).searchParams.get('listed')}`;
    const ines = await arrive(INES);
    await ines.visit(`${article}/buy`);
    await send(ines, 'form[action="/services/achat"]');
    await maud.visit('/account');
    await maud.page.locator('details summary').click();
    await send(maud, 'form[action="/account/delete"]', { password: PASSWORD });
    await shootAll(ines, { 'services-seller-deleted': '/services', 'article-seller-deleted': article });
  });

  test('an export and an account of the staff', async () => {
    const nathalie = await arrive(NATHALIE);
    await shootAll(nathalie, { 'account-staff': '/account' });
    await withoutDaemon(stage, async () => {
      await shootAll(nathalie, { 'export-outage': '/statistics/hours.csv?range=24h' });
    });
  });
});
