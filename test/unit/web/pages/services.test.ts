import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, DENIED, type Site, serveSite, unavailable, type Visitor } from '../fakes';

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

/** Somebody else's article, the first of the market. */
async function putUpForSale(title = 'Alien'): Promise<void> {
  const article = { title, category: 'dvd', condition: 'fair', priceCents: 300 } as const;
  await site.market.sell({ requestId: '', sellerId: 2, article });
  site.quota.asked.length = 0;
}

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

  test('services: several forms on a page, one token for all of them', async () => {
    await putUpForSale();
    await putUpForSale('Brazil');
    const { html } = await visitor.get('/services/achat');
    const tokens = [...html.matchAll(/name="_csrf" value="([^"]+)"/g)].map(([, token]) => token);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
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

  test('sell: no daemon, 503 and nothing is sold', async () => {
    site.quota.answers.admissions['service-call'] = unavailable();
    const { response } = await visitor.submit('/services/vente', '/services/vente', SALE);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(site.market.articles).toEqual([]);
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

describe('buy', () => {
  test('buy: an article of another, asked first, then bought and shown', async () => {
    await putUpForSale();
    const { response } = await visitor.submit('/services/achat', '/services/achat', { article: '1' });
    expect([response.status, response.headers.get('location')]).toEqual([303, '/services?bought=1']);
    const acts = site.quota.asked.filter((line) => /^(admit|buy)/.test(line));
    expect(acts).toEqual(['admit service-call 1', 'buy 1 1']);
    expect((await visitor.get('/services?bought=1')).html).toContain('“Alien” is yours');
  });

  test('buy: sold to another meanwhile, 409 that says so', async () => {
    await putUpForSale();
    await site.market.buy({ requestId: '', buyerId: 3, articleId: 1 });
    const { response, html } = await visitor.submit('/services/achat', '/services/achat', { article: '1' });
    expect(response.status).toBe(409);
    expect(html).toContain('“Alien” has just been sold to somebody else.');
  });

  test.each([
    ['one’s own', '1', 403, 'is yours: you cannot buy it.'],
    ['one that is not there', '999', 404, 'This article is not for sale.'],
    ['none at all', 'x', 404, 'This article is not for sale.'],
  ])('buy: %s, refused and no call is taken', async (_, article, status, text) => {
    await visitor.submit('/services/vente', '/services/vente', SALE);
    site.quota.asked.length = 0;
    const { response, html } = await visitor.submit('/services/achat', '/services/achat', { article });
    expect(response.status).toBe(status);
    expect(html).toContain(text);
    expect(site.quota.asked).not.toContain('admit service-call 1');
  });

  test('buy: the quota is used up, the same list with the reason', async () => {
    await putUpForSale();
    await putUpForSale('Brazil');
    site.quota.answers.admissions['service-call'] = DENIED;
    const { response, html } = await visitor.submit('/services/achat', '/services/achat?q=alien', {
      article: '1',
    });
    expect(response.status).toBe(429);
    expect(html).toContain('Too many calls');
    expect(html).toContain('value="alien"');
    expect(html).not.toContain('Brazil');
  });

  test('buy: a title with markup, shown as text', async () => {
    await putUpForSale('<b>bold</b>');
    expect((await visitor.get('/services/achat')).html).toContain('&lt;b&gt;bold&lt;/b&gt;');
  });

  test('buy: somebody else’s purchase in the address, not told as one’s own', async () => {
    await putUpForSale('Secret');
    await site.market.buy({ requestId: '', buyerId: 3, articleId: 1 });
    expect((await visitor.get('/services?bought=1')).html).not.toContain('Secret');
  });
});
