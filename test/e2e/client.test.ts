import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../helpers/browser';
import { type ClientPage, openClientPage } from '../helpers/client_page';
import { until } from '../helpers/wait';

let browser: Browser;
let opened: ClientPage;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
afterEach(() => opened.close());

const open = async (options: Parameters<typeof openClientPage>[1]) => {
  opened = await openClientPage(browser, options);
  return opened;
};

const SETTLED = '/settled';

/** Resolves once the page has read the answers that came before. */
const settled = () => opened.page.evaluate(`fetch('${SETTLED}')`);

/** What the page holds now. */
const text = async (selector: string) =>
  (await opened.page.locator(selector).innerText()).replace(/\s/g, ' ');

const COUNTDOWN = `
  <section>
    <strong data-countdown-ms="65001" data-enables="again">a while</strong>
    <p role="status" data-announce="Vous pouvez réessayer."></p>
  </section>
  <button id="again">Réessayer</button>`;

describe('countdown', () => {
  test('the time left is shown each second in the language of the page, and the button is disabled', async () => {
    const { page, faults } = await open({ body: COUNTDOWN, language: 'fr' });
    const atFirst = await text('strong');
    await page.clock.runFor(2);
    const afterMoments = await text('strong');
    await page.clock.runFor(60_000);

    expect([atFirst, afterMoments, await text('strong')]).toEqual([
      '1 minute 6 secondes',
      '1 minute 5 secondes',
      '5 secondes',
    ]);
    expect(await page.locator('#again').isEnabled()).toBe(false);
    expect(await text('[role=status]')).toBe('');
    expect(await page.locator('strong').getAttribute('aria-live')).toBe('off');
    expect(faults).toEqual([]);
  });

  test('when the time is over, the button is enabled, announced once, and the page gets an event', async () => {
    const { page } = await open({ body: COUNTDOWN, language: 'fr' });
    await page.evaluate(
      "document.addEventListener('countdown:done', ({ target }) => { document.title += target.tagName })",
    );
    await page.clock.runFor(65_001);
    await page.clock.runFor(5_000);

    expect(await page.locator('#again').isEnabled()).toBe(true);
    expect(await text('strong')).toBe('0 seconde');
    expect(await text('[role=status]')).toBe('Vous pouvez réessayer.');
    expect(await page.title()).toBe('TestSTRONG');
  });
});

/** Leaves the page in sight. */
const noContent = (_req: IncomingMessage, res: ServerResponse) => res.writeHead(204).end();

const FORM = '<form method="post" action="/send"><input name="title"><button>Send</button></form>';

describe('form', () => {
  test('a button pressed twice and Enter send the form once', async () => {
    const { page, asked, faults } = await open({ body: FORM, reply: noContent });
    const button = page.getByRole('button');
    await button.click();
    // By force, for Playwright too waits for what says that it is disabled.
    await button.click({ force: true });
    await page.locator('input').press('Enter');
    await page.evaluate("fetch('/last')");

    expect(asked).toEqual(['POST /send', 'GET /last']);
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    expect(faults).toEqual([]);
  });

  test('no answer for ten seconds, the form can be sent again', async () => {
    const { page, asked } = await open({ body: FORM, reply: noContent });
    const button = page.getByRole('button');
    await button.click();
    await page.clock.runFor(10_000);
    const after = await button.getAttribute('aria-disabled');
    await button.click();
    await until('the second to arrive', () => asked.length === 2);

    expect(after).toBeNull();
  });

  test('a page that the back button shows as it was left, the form can be sent again', async () => {
    const { page } = await open({ body: FORM, reply: noContent });
    const button = page.getByRole('button');
    await button.click();
    const before = await button.getAttribute('aria-disabled');
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");

    expect([before, await button.getAttribute('aria-disabled')]).toEqual(['true', null]);
  });

  test('a form that only asks is sent as often as wished', async () => {
    const { page, asked } = await open({ body: FORM.replace('post', 'get'), reply: noContent });
    const button = page.getByRole('button');
    await button.click();
    await until('the first to arrive', () => asked.length === 1);
    await button.click();

    await until('the second to arrive', () => asked.length === 2);
  });
});

const meter = (left: number, attributes = '') =>
  `<section data-quota="/quota" ${attributes}>${left} left <a id="more" href="/more">More</a></section>`;

describe('meter', () => {
  test('a call that comes back brings the meter up to date and keeps the focus', async () => {
    const { page, asked, faults } = await open({
      body: meter(3, 'data-next-ms="30000"'),
      reply: (_req, res) => res.end(meter(4)),
    });
    await page.focus('#more');
    await page.clock.runFor(29_999);
    const before = [...asked];
    await page.clock.runFor(1);
    await page.getByText('4 left').waitFor();
    await page.clock.runFor(600_000);

    expect([before, asked]).toEqual([[], ['GET /quota']]);
    expect(await page.evaluate('document.activeElement.id')).toBe('more');
    expect(faults).toEqual([]);
  });

  test('a server that fails is asked again after a pause and not before', async () => {
    const answers = [503, 200];
    const { page, asked } = await open({
      body: meter(3, 'data-next-ms="30000"'),
      reply: (req, res) => {
        const status = req.url === SETTLED ? 200 : answers.shift();
        res.writeHead(status ?? 500).end(meter(4));
      },
    });
    const timesAsked = () => asked.filter((request) => !request.endsWith(SETTLED)).length;
    const failed = page.waitForEvent('requestfinished');
    await page.clock.runFor(30_000);
    await failed;
    await settled();
    await page.clock.runFor(2_400);
    const early = timesAsked();
    await page.clock.runFor(2_600);
    await page.getByText('4 left').waitFor();

    expect([early, timesAsked()]).toEqual([1, 2]);
  });

  test.each([
    ['visible again', "document.dispatchEvent(new Event('visibilitychange'))"],
    [
      'taken from the back/forward cache',
      "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
    ],
  ])('a page that is %s brings the meter up to date', async (_case, comeBack) => {
    const { page } = await open({ body: meter(3), reply: (_req, res) => res.end(meter(10)) });
    await page.evaluate(comeBack);

    await page.getByText('10 left').waitFor();
  });

  test('a reader who was logged out keeps the meter as it is, and it is not asked for again', async () => {
    const { page, asked } = await open({
      body: meter(3, 'data-next-ms="1000"'),
      reply: (_req, res) => res.writeHead(303, { location: '/login' }).end(),
    });
    const answered = page.waitForEvent('response');
    await page.clock.runFor(1_000);
    await answered;
    await page.clock.runFor(600_000);

    expect(asked).toEqual(['GET /quota']);
    expect(await text('section')).toContain('3 left');
  });

  test('a call that comes back in thirty days is not asked for meanwhile', async () => {
    const { page, asked } = await open({
      body: meter(3, 'data-next-ms="2592000000"'),
      reply: (_req, res) => res.end(meter(4)),
    });
    await page.clock.runFor(60_000);

    // What was asked has arrived once this has.
    await page.evaluate("fetch('/later')");
    expect(asked).toEqual(['GET /later']);
  });

  test('an answer that says "now" for ever is asked for once a second at most', async () => {
    const { page, asked } = await open({
      body: meter(3, 'data-next-ms="0"'),
      reply: (_req, res) => res.end(meter(4, 'data-next-ms="0"')),
    });
    await page.clock.runFor(1_000);
    await page.getByText('4 left').waitFor();
    await page.clock.runFor(999);

    expect(asked).toHaveLength(1);
  });
});
