import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../helpers/browser';
import { newPerson, PEOPLE, type Person, startSite, type TestSite } from '../helpers/site';

const NEW_PASSWORD = 'another long enough password';

let browser: Browser;
let site: TestSite;
let ada: Person;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  site = await startSite();
  ada = await newPerson(browser, site);
});
afterEach(async () => {
  await ada.context.close();
  await site.close();
});

function run(script: string, args: string[], input = ''): void {
  const file = join(__dirname, `../../dist/scripts/${script}.js`);
  const env = { PATH: process.env.PATH, MYSQL_URL: site.mysqlUrl };
  const { status, stderr } = spawnSync(process.execPath, [file, ...args], { env, input, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
}

test('user:password: the session ends, the old password fails, the new one logs in', async () => {
  await ada.logIn(PEOPLE.ada);
  expect(ada.path()).toBe('/services');

  run('user_password', [PEOPLE.ada.email], `${NEW_PASSWORD}\n`);

  await ada.visit('/services');
  expect(ada.path()).toBe('/login');
  expect((await ada.logIn(PEOPLE.ada)).status()).toBe(401);
  await ada.logIn({ email: PEOPLE.ada.email, password: NEW_PASSWORD });
  expect(ada.path()).toBe('/services');
});

test('user:delete: the session ends, the account logs in no more, and the staff does not find it', async () => {
  await ada.logIn(PEOPLE.ada);

  run('user_delete', [PEOPLE.ada.email, '--yes']);

  await ada.visit('/services');
  expect(ada.path()).toBe('/login');
  expect((await ada.logIn(PEOPLE.ada)).status()).toBe(401);
  await ada.logIn(PEOPLE.eve);
  await ada.visit('/students');
  expect(await ada.read('main')).toContain(PEOPLE.bob.email);
  expect(await ada.read('main')).not.toMatch(/Lovelace|deleted/);
  await ada.visit('/statistics');
  expect(await ada.read('main')).not.toMatch(/Lovelace|deleted/);
});
