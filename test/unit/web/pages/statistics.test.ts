import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, type Visitor } from '../../../helpers/visitor';
import { PASSWORD } from '../fake_users';
import { type Site, serveSite, unavailable } from '../fakes';

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  site.quota.answers.stats = {
    recentUsers: [{ subject: '1', connectTime: new Date('2025-01-02T03:04:05Z') }],
    topUsers: [
      { subject: '1', count: 8 },
      { subject: '987654', count: 1 },
    ],
    services: [{ service: 'vente', callCount: 5 }],
    hours: [],
    readTime: new Date('2025-01-02T12:00:00Z'),
  };
  visitor = createVisitor(site.url);
});

afterEach(() => site.close());

const inOneLine = (html: string) => html.replaceAll(/>\s+/g, '>').replaceAll(/\s+</g, '<');

/** Opens the stream; its text comes to an end only when the site ends it. */
async function openStream(): Promise<Response> {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return fetch(`${site.url}/statistics/live`, {
    headers: { cookie, 'accept-language': 'en' },
    redirect: 'manual',
  });
}

/** The beginning of the stream. */
async function firstEvent(): Promise<{ response: Response; text: string }> {
  const response = await openStream();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes('data:')) break;
  }
  return { response, text };
}

describe('statistics', () => {
  test.each(['/statistics', '/statistics/live'])('%s: a visitor is sent to the login', async (path) => {
    const { response } = await visitor.get(path);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`/login?back=${encodeURIComponent(path)}`);
  });

  test.each(['/statistics', '/statistics/live'])(
    '%s: a student gets a 403 without a figure',
    async (path) => {
      await visitor.logIn('ada@example.org');
      const { response, html } = await visitor.get(path);
      expect(response.status).toBe(403);
      expect(html).not.toContain('data-board');
    },
  );

  test('statistics: staff see names escaped, and which subjects are no accounts', async () => {
    await visitor.logIn('sam@example.org');
    const { response, html } = await visitor.get('/statistics');
    expect(response.status).toBe(200);
    expect(inOneLine(html)).toContain(
      '<th scope="row"><a href="/students/1">Ada &lt;b>Love&lt;/b></a></th><td class="number">8</td>',
    );
    expect(inOneLine(html)).toContain('<th scope="row">No account (987654)</th><td class="number">1</td>');
    expect(html).not.toContain('<b>Love');
  });

  test.each([
    ['', 72, 3, 'last 3 days'],
    ['?range=24h', 24, 3, 'last 24 hours'],
    ['?range=7d', 168, 7, 'last 7 days'],
    ['?range=nonsense', 72, 3, 'last 3 days'],
  ])('statistics: %s, so many hours and days are asked for', async (query, hours, days, title) => {
    await visitor.logIn('sam@example.org');
    site.quota.asked.length = 0;
    const { html } = await visitor.get(`/statistics${query}`);
    expect(site.quota.asked).toEqual([`stats of ${hours} hours, top of ${days} days`]);
    expect(html).toContain(`Connections and calls by hour, ${title}`);
    expect(html).toContain(`aria-current="page">${title}</a>`);
  });

  test('statistics: as CSV they are plain numbers, and names that are no formulas', async () => {
    await visitor.logIn('sam@example.org');
    const [ada] = site.users.all;
    if (ada) Object.assign(ada, { firstName: '=HYPERLINK("x")', lastName: 'A,B' });
    const { response, html } = await visitor.get('/statistics/top.csv?range=7d');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename=top-7d.csv');
    expect(html).toBe(`User,Connections\r\n"'=HYPERLINK(""x"") A,B",8\r\nNo account (987654),1\r\n`);
  });

  test.each(['/statistics/hours.csv', '/statistics/top.csv'])(
    '%s: a student gets a 403, a visitor is sent to the login',
    async (path) => {
      expect((await visitor.get(path)).response.status).toBe(303);
      await visitor.logIn('ada@example.org');
      expect((await visitor.get(path)).response.status).toBe(403);
    },
  );

  test('statistics: as CSV without a daemon they are a 503', async () => {
    await visitor.logIn('sam@example.org');
    site.quota.answers.stats = unavailable();
    expect((await visitor.get('/statistics/hours.csv')).response.status).toBe(503);
  });

  test('statistics: without a daemon they are a 200 that says so', async () => {
    await visitor.logIn('sam@example.org');
    site.quota.answers.stats = unavailable();
    const { response, html } = await visitor.get('/statistics');
    expect(response.status).toBe(200);
    expect(html).toContain('The statistics are unavailable right now.');
    expect(html).not.toMatch(/inner-message|data-board/);
  });

  test('live: staff get the board at once, and nothing that may be kept', async () => {
    await visitor.logIn('sam@example.org');
    const { response, text } = await firstEvent();
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(text).toContain('event: board\ndata: {');
    expect(text).toContain('"rows":[["Ada <b>Love</b>","8"],["No account (987654)","1"]]');
  });

  test('live: the stream ends if the reader logs out', async () => {
    await visitor.logIn('sam@example.org');
    const stream = await openStream();
    await visitor.submit('/account', '/logout');

    expect(await stream.text()).toContain('event: board');
  });

  test('live: the stream ends if another session changes the password', async () => {
    await visitor.logIn('sam@example.org');
    const stream = await openStream();
    const other = createVisitor(site.url);
    await other.logIn('sam@example.org');
    const [current, chosen] = [PASSWORD, 'another long enough password'];
    const form = { current, new: chosen, repeated: chosen };
    expect((await other.submit('/account', '/account/password', form)).response.status).toBe(303);

    expect(await stream.text()).toContain('event: board');
  });

  test('live: without a daemon it is an event that says so and gives no reason', async () => {
    await visitor.logIn('sam@example.org');
    site.quota.answers.stats = unavailable();
    const { text } = await firstEvent();
    expect(text).toContain('event: away\ndata: {}');
  });
});
