import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { connect as connectDatabase } from '../../web/database';
import { createMarket } from '../../web/market/market';
import { outboxTable } from '../../web/outbox/outbox';
import { startBrowser } from '../helpers/browser';
import { startDaemon } from '../helpers/daemon';
import { openRedisSpace } from '../helpers/redis';
import { newPerson, PEOPLE, type Person, startSite, type TestSite } from '../helpers/site';
import { until } from '../helpers/wait';

const PICTURES = ['hours', 'top', 'services', 'least'];

/** Fewer would be a stray line. */
const MIN_PIXELS = 500;

let browser: Browser;
let site: TestSite;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  site = await startSite({ env: { WEB_TIME_ZONE: 'Europe/Paris' } });
  await someTraffic();
});
afterEach(() => site.close());

/** Ada connects twelve times, is refused twice, and sells once. */
async function someTraffic(): Promise<void> {
  const { client } = site.daemon;
  for (let n = 0; n < 12; n += 1) await client.admit({ subject: '1', policy: 'connection' });
  const pool = connectDatabase(site.mysqlUrl);
  const article = {
    title: 'Candide',
    category: 'book',
    condition: 'good',
    priceCents: 100,
    description: '',
  } as const;
  const market = createMarket({ pool, onCall: () => undefined });
  await market.sell({ requestId: crypto.randomUUID(), sellerId: 1, article });
  await until('an empty outbox', async () => (await outboxTable(pool).backlog()).waiting === 0);
  await pool.end();
}

/** Runs in the page: how many opaque pixels of each colour a canvas has. */
const COUNT_COLOURS = `(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const counts = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] !== 255) continue;
    const hex = '#' + [...data.slice(at, at + 3)].map((part) => part.toString(16).padStart(2, '0')).join('');
    counts[hex] = (counts[hex] ?? 0) + 1;
  }
  return counts;
}`;

/** The colours of a panel's picture, the most frequent first. */
async function colours(page: Page, panel: string): Promise<[colour: string, pixels: number][]> {
  const canvas = `document.querySelector('[data-panel=${panel}] canvas')`;
  const counts: Record<string, number> = await page.evaluate(`(${COUNT_COLOURS})(${canvas})`);
  return Object.entries(counts).sort(([, one], [, other]) => other - one);
}

async function pixels(page: Page, panel: string): Promise<number> {
  return (await colours(page, panel)).reduce((sum, [, count]) => sum + count, 0);
}

/** The cells of a panel's table, row by row. */
async function table(page: Page, panel: string): Promise<string[][]> {
  const section = page.locator(`[data-panel=${panel}]`);
  const columnCount = await section.locator('thead th').count();
  const cells = await section.locator('tbody :is(th, td)').allTextContents();
  const texts = cells.map((text) => text.replaceAll(/\s+/g, ' ').trim());
  const rowCount = texts.length / columnCount;
  return Array.from({ length: rowCount }, (_, row) =>
    texts.slice(row * columnCount, (row + 1) * columnCount),
  );
}

async function isLive(page: Page): Promise<void> {
  await page.locator('.board-state .good').waitFor();
}

describe('statistics', () => {
  test.each([
    { locale: 'en-GB', title: 'Statistics', numbers: 'Show the table', sell: 'Sell' },
    { locale: 'fr-FR', title: 'Statistiques', numbers: 'Voir le tableau', sell: 'Vente' },
  ] as const)('$locale, with scripts: shows pictures, and their numbers behind a button', async (reader) => {
    const eve = await newPerson(browser, site, { locale: reader.locale });
    await eve.logIn(PEOPLE.eve);
    await eve.visit('/statistics');
    await isLive(eve.page);
    const drawn = await Promise.all(PICTURES.map((panel) => pixels(eve.page, panel)));
    const gist = await eve.page.locator('[data-panel=hours] canvas').getAttribute('aria-label');
    const top = eve.page.locator('[data-panel=top] table');
    const hiddenBefore = await top.isHidden();
    await eve.page.locator('[data-panel=top]').getByText(reader.numbers).click();

    for (const count of drawn) expect(count).toBeGreaterThan(MIN_PIXELS);
    expect(gist).toMatch(/ ?: 11\. .* ?: 2\. .* ?: 0\./);
    expect(await eve.read('h1')).toBe(reader.title);
    expect([hiddenBefore, await top.isVisible()]).toEqual([true, true]);
    expect(await table(eve.page, 'top')).toEqual([
      ['Ada Lovelace', '10'],
      ['Eve Staff', '1'],
    ]);
    expect(await table(eve.page, 'services')).toContainEqual([reader.sell, '1']);
    await eve.context.close();
  });

  test.each(['en-GB', 'fr-FR'] as const)(
    '%s, without scripts: shows the same numbers in tables, all open',
    async (locale) => {
      const eve = await newPerson(browser, site, { locale, javaScriptEnabled: false });
      await eve.logIn(PEOPLE.eve);
      await eve.visit('/statistics');
      const tables = await eve.page.locator('[data-panel] table').all();
      const hours = await table(eve.page, 'hours');

      expect(tables).toHaveLength(5);
      for (const one of tables) expect(await one.isVisible()).toBe(true);
      expect(await eve.page.locator('canvas').first().isVisible()).toBe(false);
      expect(hours).toHaveLength(72);
      expect(sumOf(hours)).toEqual([11, 0, 2, 0]);
      expect((await table(eve.page, 'recent')).map(([name]) => name)).toEqual(['Eve Staff', 'Ada Lovelace']);
      expect(await table(eve.page, 'least')).toEqual([
        ['Bob <b>Bold</b>', '0'],
        ['Ada Lovelace', '1'],
      ]);
      await eve.context.close();
    },
  );

  test('somebody else connects, in the table and the picture without a reload', async () => {
    const eve = await newPerson(browser, site);
    const bob = await newPerson(browser, site);
    await eve.logIn(PEOPLE.eve);
    await eve.visit('/statistics');
    await isLive(eve.page);
    const barPixels = async () => (await colours(eve.page, 'top'))[0]?.[1];
    const before = await barPixels();
    let loads = 0;
    eve.page.on('load', () => {
      loads += 1;
    });
    await bob.logIn(PEOPLE.bob);
    await until('Bob is the last to connect', async () => {
      const [[name] = []] = await table(eve.page, 'recent');
      return name === 'Bob <b>Bold</b>';
    });

    expect(await table(eve.page, 'top')).toContainEqual(['Bob <b>Bold</b>', '1']);
    await until('a longer bar', async () => ((await barPixels()) ?? 0) > (before ?? 0));
    expect(loads).toBe(0);
    await bob.context.close();
    await eve.context.close();
  });

  test('the theme changes, the picture takes its colours', async () => {
    const eve = await newPerson(browser, site, { colorScheme: 'light' });
    await eve.logIn(PEOPLE.eve);
    await eve.visit('/statistics');
    await isLive(eve.page);
    const colour = async () => (await colours(eve.page, 'top'))[0]?.[0];
    const light = await colour();
    await eve.page.emulateMedia({ colorScheme: 'dark' });
    expect(light).toBe('#0b5f6f');
    await until('the dark theme is drawn', async () => (await colour()) === '#72c7d4');
    await eve.context.close();
  });

  test('if the daemon becomes unreachable, the last numbers stay and the page says so', async () => {
    const eve = await newPerson(browser, site);
    await eve.logIn(PEOPLE.eve);
    await eve.visit('/statistics');
    await isLive(eve.page);
    await site.daemon.stop();
    await eve.page.locator('#away').waitFor();

    expect(await eve.read('.board-state [role=status]')).toBe('Not live');
    expect(await table(eve.page, 'top')).toContainEqual(['Ada Lovelace', '10']);
    await eve.context.close();
  });

  test('a page that was opened without a daemon is filled when there is one again', async () => {
    const eve = await newPerson(browser, site);
    await eve.logIn(PEOPLE.eve);
    await site.daemon.stop();
    await eve.visit('/statistics');
    const said = await eve.read('#away');
    const areShown = await Promise.all(['.figures', '.board'].map((part) => eve.page.isVisible(part)));
    const space = openRedisSpace();
    const env = { QUOTA_LISTEN: site.daemon.target };
    const daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix, env });
    await daemon.client.admit({ subject: '1', policy: 'connection' });
    await until('the first numbers', async () => (await table(eve.page, 'top')).length === 1);

    expect(said).toBe('The statistics are unavailable right now.');
    expect(areShown).toEqual([false, false]);
    expect(await eve.page.locator('#away').isVisible()).toBe(false);
    await until('the picture', async () => (await pixels(eve.page, 'top')) > MIN_PIXELS);
    await eve.context.close();
    await daemon.stop();
    await space.close();
  });

  test('the web tier is to stop while somebody looks on, it does at once', async () => {
    const eve = await newPerson(browser, site);
    await eve.logIn(PEOPLE.eve);
    await eve.visit('/statistics');
    await isLive(eve.page);
    const code = await site.web.stop();

    expect(code).toBe(0);
    expect(site.web.log.map(({ msg }) => msg)).toContain('drained');
    expect(site.web.log.map(({ msg }) => msg)).not.toContain('requests in flight were cut short');
    await eve.context.close();
  });
});

describe('statistics over a line that breaks', () => {
  test('is live again by itself if still logged in', async () => {
    const line = await openLine(site);
    const eve = await newPerson(browser, { ...site, url: line.url });
    await eve.logIn(PEOPLE.eve);
    await eve.visit('/statistics');
    await isLive(eve.page);
    line.cut();
    await site.daemon.client.admit({ subject: '2', policy: 'connection' });
    await until('the board goes on', async () =>
      (await table(eve.page, 'recent')).some(([name]) => name === 'Bob <b>Bold</b>'),
    );

    expect(await eve.read('.board-state [role=status]')).toBe('Live');
    await eve.context.close();
    await line.close();
  });

  test('a stream that is silent without an end is noticed, and live again by another connection', async () => {
    const line = await openLine(site);
    const eve = await newPerson(browser, { ...site, url: line.url });
    await eve.page.clock.install();
    await eve.logIn(PEOPLE.eve);
    await eve.visit('/statistics');
    await isLive(eve.page);
    line.hush();
    await site.daemon.client.admit({ subject: '2', policy: 'connection' });
    await eve.page.clock.fastForward(60_000);
    await until('the board goes on', async () =>
      (await table(eve.page, 'recent')).some(([name]) => name === 'Bob <b>Bold</b>'),
    );

    expect(await eve.read('.board-state [role=status]')).toBe('Live');
    await eve.context.close();
    await line.close();
  });

  test('a page whose reader has logged out is not live any more, and asks for a new login', async () => {
    const line = await openLine(site);
    const eve = await newPerson(browser, { ...site, url: line.url });
    await eve.logIn(PEOPLE.eve);
    await eve.visit('/statistics');
    await isLive(eve.page);
    await logOutElsewhere(eve, line.url);
    line.cut();
    await eve.page.locator('#ended').waitFor();

    expect(await eve.read('#ended')).toContain('Log in again');
    expect(await eve.read('.board-state [role=status]')).toBe('Not live');
    await eve.context.close();
    await line.close();
  });
});

/** The sums of a table's columns of numbers. */
function sumOf(rows: string[][]): number[] {
  return [1, 2, 3, 4].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0));
}

async function logOutElsewhere(person: Person, url: string): Promise<void> {
  const tab = await person.context.newPage();
  await tab.goto(url);
  await tab.getByRole('button', { name: 'Log out' }).click();
  await tab.getByRole('link', { name: 'Log in' }).first().waitFor();
  await tab.close();
}

type Line = {
  url: string;
  cut(): void;
  /** What is connected stays so, and hears nothing more. */
  hush(): void;
  close(): Promise<void>;
};

/** Another way to the site, which can be cut. */
async function openLine({ url }: TestSite): Promise<Line> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    hush() {
      for (const socket of sockets) socket.unpipe().resume();
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
