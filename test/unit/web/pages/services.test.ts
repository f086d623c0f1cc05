import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, tokenIn, type Visitor } from '../../../helpers/visitor';
import { DENIED, type Site, serveSite, unavailable } from '../fakes';

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
  test.each(['/services', '/services/vente', '/services/achat', '/services/quota'])(
    'services: a visitor who asks for %s, is sent to the login',
    async (path) => {
      const { response } = await createVisitor(site.url).get(path);
      expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
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
    expect(html).toContain('How many are left cannot be told just now.');
  });

  test('services: the meter alone, a part of a page with when the next call comes back', async () => {
    const { html } = await visitor.get('/services/quota');
    expect(html).not.toContain('<html');
    expect(html).toContain('data-next-ms="42001"');
    expect(html).toContain('43 seconds');
    expect(html.match(/class="pip free"/g)).toHaveLength(7);
  });
});

describe('sell', () => {
  test('sell: a good form, asks first, then sells, then shows it', async () => {
    const { response } = await visitor.submit('/services/vente', '/services/vente', SALE);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/services/vente?listed=1']);
    expect(response.headers.get('ratelimit')).toBe('"per-window";r=7;t=412');
    const acts = site.quota.asked.filter((line) => /^(admit|sell)/.test(line));
    expect(acts).toEqual(['admit service-call 1', 'sell 1 L’Étranger']);
    const { html } = await visitor.get('/services/vente?listed=1');
    expect(html).toContain('“L’Étranger” is for sale at €4.50');
  });

  test('sell: nothing filled in, every fault at its field and no call', async () => {
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
    expect(html).toContain('Nothing was done: you have called the services too often.');
    expect(html).toContain('data-countdown-ms="65001" data-enables="sell-submit"');
    expect(html).toContain('value="L’Étranger"');
    expect(html).toContain('<option value="good" selected>');
    expect(site.market.articles).toEqual([]);
  });

  test('sell: no daemon, 503 that keeps what was typed, and nothing is sold', async () => {
    site.quota.answers.admissions['service-call'] = unavailable();
    const { response, html } = await visitor.submit('/services/vente', '/services/vente', SALE);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(html).toContain('You have not been refused: please try again.');
    expect(html).toContain('value="L’Étranger"');
    expect(html).not.toContain('inner-message');
    expect(site.market.articles).toEqual([]);
  });

  test('sell: the session has ended meanwhile, 403 that says so and nothing is sold', async () => {
    const token = tokenIn((await visitor.get('/services/vente')).html);
    await new Promise((resolve) => site.store.clear(resolve));
    const { response, html } = await visitor.post('/services/vente', { ...SALE, _csrf: token });
    expect(response.status).toBe(403);
    expect(html).toContain('<h1>Your session has ended</h1>');
    expect(html).toContain('href="/login"');
    expect(site.market.articles).toEqual([]);
  });

  test('sell: no token, 403 that speaks of the form', async () => {
    const { response, html } = await visitor.post('/services/vente', SALE);
    expect(response.status).toBe(403);
    expect(html).toContain('<h1>The form has expired</h1>');
  });

  test('sell: in French, prices and words in the reader’s form', async () => {
    await visitor.submit('/services/vente', '/services/vente', SALE);
    visitor.cookies.set('language', 'fr');
    const { response, html } = await visitor.get('/services/vente?listed=1');
    expect(response.headers.get('content-language')).toBe('fr');
    expect(html).toContain('<html lang="fr">');
    expect(html.replaceAll(/\s/g, ' ')).toContain('« L’Étranger » est en vente à 4,50 €');
  });
});
