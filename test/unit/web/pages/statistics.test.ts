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
  return fetch(`${site.url}/statistics/live`, { headers: { cookie }, redirect: 'manual' });
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
  test.each(['/statistics', '/statistics/live'])('%s: a visitor, sent to the login', async (path) => {
    const { response } = await visitor.get(path);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/login');
  });

  test.each(['/statistics', '/statistics/live'])('%s: a student, 403 without a figure', async (path) => {
    await visitor.logIn('ada@example.org');
    const { response, html } = await visitor.get(path);
    expect(response.status).toBe(403);
    expect(html).not.toContain('data-board');
  });

  test('statistics: staff, names escaped, and which subjects are no accounts', async () => {
    await visitor.logIn('sam@example.org');
    const { response, html } = await visitor.get('/statistics');
    expect(response.status).toBe(200);
    expect(inOneLine(html)).toContain(
      '<th scope="row">Ada &lt;b&gt;Love&lt;/b&gt;</th><td class="number">8</td>',
    );
    expect(inOneLine(html)).toContain('<th scope="row">No account (987654)</th><td class="number">1</td>');
    expect(html).not.toContain('<b>Love');
  });

  test('statistics: no daemon, 200 that says so', async () => {
    await visitor.logIn('sam@example.org');
    site.quota.answers.stats = unavailable();
    const { response, html } = await visitor.get('/statistics');
    expect(response.status).toBe(200);
    expect(html).toContain('The statistics cannot be read just now.');
    expect(html).not.toMatch(/inner-message|data-board/);
  });

  test('live: staff, the board at once, and nothing that may be kept', async () => {
    await visitor.logIn('sam@example.org');
    const { response, text } = await firstEvent();
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(text).toContain('event: board\ndata: {');
    expect(text).toContain('"rows":[["Ada <b>Love</b>","8"],["No account (987654)","1"]]');
  });

  test('live: the reader logs out, the stream ends', async () => {
    await visitor.logIn('sam@example.org');
    const stream = await openStream();
    await visitor.submit('/account', '/logout');

    expect(await stream.text()).toContain('event: board');
  });

  test('live: another session changes the password, the stream ends', async () => {
    await visitor.logIn('sam@example.org');
    const stream = await openStream();
    const other = createVisitor(site.url);
    await other.logIn('sam@example.org');
    const [current, chosen] = [PASSWORD, 'another long enough password'];
    const form = { current, new: chosen, repeated: chosen };
    expect((await other.submit('/account', '/account/password', form)).response.status).toBe(303);

    expect(await stream.text()).toContain('event: board');
  });

  test('live: no daemon, an event that says so and no reason', async () => {
    await visitor.logIn('sam@example.org');
    site.quota.answers.stats = unavailable();
    const { text } = await firstEvent();
    expect(text).toContain('event: away\ndata: {}');
  });
});
