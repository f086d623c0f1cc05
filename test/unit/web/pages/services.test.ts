import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, tokenIn, type Visitor } from '../../../helpers/visitor';
import { ADMITTED, DENIED, type Site, serveSite, unavailable } from '../fakes';

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
  await visitor.logIn();
  site.quota.asked.length = 0;
});

afterEach(() => site.close());

const SALE = { title: 'L’Étranger', category: 'book', condition: 'good', price: '4,50' };

describe('services', () => {
  test.each(['/services', '/services/vente', '/services/quota'])(
    'services: a visitor who asks for %s is sent to the login',
    async (path) => {
      const { response } = await createVisitor(site.url).get(path);
      const login = `/login?back=${encodeURIComponent(path)}`;
      expect([response.status, response.headers.get('location')]).toEqual([303, login]);
    },
  );

  test('services: logged in, both services, the meter, and nothing to keep', async () => {
    const { response, html } = await visitor.get('/services');
    expect(html).toContain('href="/services/vente"');
    expect(html).toContain('href="/services/achat"');
    expect(html).toContain('7 of 10 left');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('services: an unknown service, 404 and the daemon is not asked', async () => {
    const { response } = await visitor.submit('/services/vente', '/services/don');
    expect(response.status).toBe(404);
    expect(site.quota.asked).not.toContain('admit service-call 1');
  });

  test('services: the meter cannot be read, the page is there all the same', async () => {
    site.quota.answers.quotas = unavailable();
    const { response, html } = await visitor.get('/services');
    expect(response.status).toBe(200);
    expect(html).toContain('Your remaining calls are unavailable right now.');
  });

  test('services: the meter alone is a part of a page with when the next call comes back', async () => {
    const { html } = await visitor.get('/services/quota');
    expect(html).not.toContain('<html');
    expect(html).toContain('data-next-ms="42001"');
    expect(html).toContain('43\u00a0seconds');
    expect(html.match(/class="pip free"/g)).toHaveLength(7);
  });
});

describe('sell', () => {
  test('sell: a good form asks first, then sells, then shows it', async () => {
    const { response } = await visitor.submit('/services/vente', '/services/vente', SALE);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/services/vente?listed=1']);
    expect(response.headers.get('ratelimit')).toBe('"service-call";r=7;t=43');
    const acts = site.quota.asked.filter((line) => /^(admit|sell)/.test(line));
    expect(acts).toEqual(['admit service-call 1', 'sell 1 L’Étranger']);
    const { html } = await visitor.get('/services/vente?listed=1');
    expect(html).toContain('“L’Étranger” is for sale at €4.50');
  });

  test('sell: the same form sent twice makes one article and one request; with other values another', async () => {
    const { html } = await visitor.get('/services/vente');
    const form = /name="form" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const send = (price: string) =>
      visitor.post('/services/vente', { ...SALE, price, form, _csrf: tokenIn(html) });
    site.quota.requestIds.length = 0;
    const twice = await Promise.all([send('4'), send('4')]);
    expect(twice.map(({ response }) => response.headers.get('location'))).toEqual([
      '/services/vente?listed=1',
      '/services/vente?listed=1',
    ]);
    expect(site.market.articles).toHaveLength(1);
    expect(new Set(site.quota.requestIds).size).toBe(1);
    await send('5');
    expect(site.market.articles).toHaveLength(2);
    expect(new Set(site.quota.requestIds).size).toBe(2);
  });

  test('sell: an old form when the daemon has forgotten it asks nothing and creates nothing', async () => {
    const { html } = await visitor.get('/services/vente');
    const form = /name="form" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const fields = { ...SALE, form, _csrf: tokenIn(html) };
    await visitor.post('/services/vente', fields);
    site.quota.asked.length = 0;
    const { response } = await visitor.post('/services/vente', fields);
    expect(response.headers.get('location')).toBe('/services/vente?listed=1');
    expect(site.quota.asked).toEqual([]);
    expect(site.market.articles).toHaveLength(1);
  });

  test('sell: what was typed before a login came between is in the form again', async () => {
    const { html } = await visitor.get(`/services/vente?${new URLSearchParams(SALE)}`);
    expect(html).toContain('value="L’Étranger"');
    expect(html).toContain('<option value="good" selected>');
  });

  test('sell: a session ends, and a text too long for the login is shown before it, to be copied', async () => {
    const { html: form } = await visitor.get('/services/vente');
    visitor.cookies.delete('sid');
    // A permitted text: 1,000 characters, each of which takes nine in an address.
    const description = '日'.repeat(1_000);
    const fields = { ...SALE, description, _csrf: tokenIn(form) };
    const { response, html } = await visitor.post('/services/vente', fields);
    expect(response.status).toBe(403);
    expect(html).toContain('Copy your text before you log in again: it is too long to be kept.');
    expect(html).toContain(`>${description}</textarea>`);
    expect(html).toMatch(/name="back" value="\/services\/vente\?title=[^"]*price=[^"]*"/);
  });

  test('sell: a session ends, and what fits is not shown on the login page', async () => {
    const { html: form } = await visitor.get('/services/vente');
    visitor.cookies.delete('sid');
    const { html } = await visitor.post('/services/vente', { ...SALE, _csrf: tokenIn(form) });
    expect(html).toContain('Log in again: what you typed has been kept.');
    expect(html).not.toContain('<textarea');
  });

  test('sell: an empty form has every fault at its field, and takes no call', async () => {
    const { response, html } = await visitor.submit('/services/vente', '/services/vente', { price: 'much' });
    expect(response.status).toBe(400);
    for (const field of ['title', 'category', 'condition', 'price'])
      expect(html).toContain(`id="${field}-fault"`);
    expect(html).toContain('value="much"');
    expect(site.quota.asked).not.toContain('admit service-call 1');
  });

  test('sell: the quota is used up, 429 that explains itself and keeps what was typed', async () => {
    site.quota.answers.admissions['service-call'] = DENIED;
    const { response, html } = await visitor.submit('/services/vente', '/services/vente', SALE);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('66');
    expect(html).toContain('Not processed: you have reached the limit.');
    expect(html).toContain('data-countdown-ms="65001" data-enables="sell-submit"');
    expect(html).toContain('value="L’Étranger"');
    expect(html).toContain('<option value="good" selected>');
    expect(site.market.articles).toEqual([]);
  });

  test('sell: the database fails, 500 and what was taken is given back', async () => {
    site.market.sell = async () => {
      throw new Error('the database is gone');
    };
    const { response } = await visitor.submit('/services/vente', '/services/vente', SALE);
    expect(response.status).toBe(500);
    expect(site.quota.asked).toContain('refund service-call 1');
  });

  test('sell: the database fails for a repeat, nothing is given back', async () => {
    site.market.sell = async () => {
      throw new Error('the database is gone');
    };
    site.quota.answers.admissions['service-call'] = { ...ADMITTED, isRepeat: true };
    const { response } = await visitor.submit('/services/vente', '/services/vente', SALE);
    expect(response.status).toBe(500);
    expect(site.quota.asked).not.toContain('refund service-call 1');
  });

  test('sell: no daemon, 503 that keeps what was typed, and nothing is sold', async () => {
    site.quota.answers.admissions['service-call'] = unavailable();
    const { response, html } = await visitor.submit('/services/vente', '/services/vente', SALE);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(html).toContain('You have not reached a limit: please try again.');
    expect(html).toContain('<section class="notice outage"');
    expect(html).not.toContain('notice refused');
    expect(html).toContain('value="L’Étranger"');
    expect(html).not.toContain('inner-message');
    expect(site.market.articles).toEqual([]);
  });

  test('sell: the session has ended meanwhile, 403 that says so and nothing is sold', async () => {
    const token = tokenIn((await visitor.get('/services/vente')).html);
    await new Promise((resolve) => site.store.clear(resolve));
    const { response, html } = await visitor.post('/services/vente', { ...SALE, _csrf: token });
    expect(response.status).toBe(403);
    expect(html).toContain('Your session has ended.');
    const back = `/services/vente?${new URLSearchParams(SALE)}`;
    expect(html).toContain(`name="back" value="${back.replaceAll('&', '&amp;')}"`);
    expect(site.market.articles).toEqual([]);
  });

  test('sell: without a token it is a 403 that speaks of the form', async () => {
    const { response, html } = await visitor.post('/services/vente', SALE);
    expect(response.status).toBe(403);
    expect(html).toContain('<h1>The form has expired</h1>');
  });

  test('sell: in French, prices and words have the reader’s form', async () => {
    await visitor.submit('/services/vente', '/services/vente', SALE);
    visitor.cookies.set('language', 'fr');
    const { response, html } = await visitor.get('/services/vente?listed=1');
    expect(response.headers.get('content-language')).toBe('fr');
    expect(html).toContain('<html lang="fr">');
    expect(html.replaceAll(/\s/g, ' ')).toContain('« L’Étranger » est en vente à 4,50 €');
  });
});
