import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { NewArticle } from '../../../../web/market/article';
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

const ALIEN: NewArticle = {
  title: 'Alien',
  category: 'dvd',
  condition: 'fair',
  priceCents: 300,
  description: '',
};

const CONFIRM = '/articles/1/buy';

/** An article, somebody else's unless given; the first one has the id 1. */
async function putUpForSale({ title = ALIEN.title, sellerId = 2 } = {}): Promise<void> {
  await site.market.sell({ requestId: '', sellerId, article: { ...ALIEN, title } });
  site.quota.asked.length = 0;
}

/** The fields of the form that confirms a purchase. */
async function confirmation(): Promise<Record<string, string>> {
  const { html } = await visitor.get(CONFIRM);
  const fields = [...html.matchAll(/<input type="hidden" name="(article|price|form)" value="([^"]*)"/g)];
  return {
    _csrf: tokenIn(html),
    ...Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value])),
  };
}

const acts = () => site.quota.asked.filter((line) => /^(admit|buy)/.test(line));

describe('the list', () => {
  test('list: a visitor sees what is for sale and gets no cookie', async () => {
    await putUpForSale();
    const stranger = createVisitor(site.url);
    const { response, html } = await stranger.get('/services/achat');
    expect(response.status).toBe(200);
    expect(html).toContain('<a class="article-link" href="/articles/1">');
    expect(stranger.cookies.size).toBe(0);
    expect(site.quota.asked).toEqual([]);
  });

  test('list: a highest price that is none is kept with the fault at the field, which has the focus', async () => {
    const { response, html } = await visitor.get('/services/achat?max=much');
    expect(response.status).toBe(200);
    expect(html).toMatch(/<input id="max"[^>]* value="much"[^>]* autofocus/);
    expect(html).toContain('id="max-fault">Enter a price in euros');
    expect(html).toContain('<details class="filters" open>');
  });

  test.each(['max=much', 'q=%21'])(
    'list: a search with a fault (%s) shows it, and no result',
    async (query) => {
      await putUpForSale();
      const { html } = await visitor.get(`/services/achat?${query}`);
      expect(html.match(/class="fault"/g)).toHaveLength(1);
      expect(html).not.toMatch(/No article|1 article|Alien/);
    },
  );

  test('list: filters in use, as many are counted and they stay closed on a phone', async () => {
    const { html } = await visitor.get('/services/achat?q=x&category=dvd&max=5');
    expect(html).toContain('<details class="filters"><summary>Filters (2)</summary>');
  });

  test('list: shows the way to everything if nothing is found', async () => {
    const { html } = await visitor.get('/services/achat?q=nothing');
    expect(html).toContain('No article matches your search.');
    expect(html).toContain('<a class="button" href="/services/achat">Show everything for sale</a>');
  });

  test('list: shows the way to sell if nothing is for sale at all', async () => {
    const { html } = await visitor.get('/services/achat');
    expect(html).toContain('Nothing is for sale right now.');
    expect(html).not.toContain('Show everything for sale');
  });

  test('list: a title with markup is shown as text', async () => {
    await putUpForSale({ title: '<b>bold</b>' });
    expect((await visitor.get('/services/achat')).html).toContain('&lt;b>bold&lt;/b>');
  });
});

describe('buy', () => {
  test('buy: an article of another is confirmed, asked for first, then bought and shown with its seller', async () => {
    await putUpForSale();
    expect((await visitor.get(CONFIRM)).html).toContain('Confirm your purchase');
    const { response } = await visitor.post('/services/achat', await confirmation());
    expect([response.status, response.headers.get('location')]).toEqual([303, '/articles/1?done=bought']);
    expect(acts()).toEqual(['admit service-call 1', 'buy 1 1']);
    const { html } = await visitor.get('/articles/1?done=bought');
    expect(html).toContain('“Alien” is yours');
    expect(html).toContain('href="mailto:sam@example.org"');
  });

  test('buy: a visitor logs in first and comes back', async () => {
    await putUpForSale();
    const stranger = createVisitor(site.url);
    const { response } = await stranger.get(CONFIRM);
    expect(response.headers.get('location')).toBe('/login?back=%2Farticles%2F1%2Fbuy');
    const { html } = await stranger.get('/login?back=%2Farticles%2F1%2Fbuy');
    expect(html).toContain('name="back" value="/articles/1/buy"');
    const login = await stranger.post('/login', {
      email: 'ada@example.org',
      password: 'correct horse',
      back: '/articles/1/buy',
      _csrf: tokenIn(html),
    });
    expect(login.response.headers.get('location')).toBe('/articles/1/buy');
  });

  test('buy: an article sold to another already gets a 409 that says so, and no call is taken', async () => {
    await putUpForSale();
    const form = await confirmation();
    await site.market.buy({ requestId: '', buyerId: 3, articleId: 1 });
    site.quota.asked.length = 0;
    const { response, html } = await visitor.post('/services/achat', form);
    expect(response.status).toBe(409);
    expect(html).toContain('“Alien” has just been sold to somebody else.');
    expect(acts()).toEqual([]);
  });

  test('buy: another was faster between the question and the purchase, 409 that says so', async () => {
    await putUpForSale();
    const form = await confirmation();
    const { buy } = site.market;
    site.market.buy = async (purchase) => {
      await buy({ ...purchase, buyerId: 3 });
      return buy(purchase);
    };
    const { response, html } = await visitor.post('/services/achat', form);
    expect(response.status).toBe(409);
    expect(html).toContain('“Alien” has just been sold to somebody else.');
  });

  test('buy: the price has changed meanwhile, asked again with the new one and no call is taken', async () => {
    await putUpForSale();
    const form = await confirmation();
    Object.assign(site.market.articles[0] ?? {}, { priceCents: 900 });
    site.quota.asked.length = 0;
    const { response, html } = await visitor.post('/services/achat', form);
    expect(response.status).toBe(409);
    expect(html).toContain('The price has just changed.');
    expect(html).toContain('€9.00');
    expect(acts()).toEqual([]);
  });

  test('buy: the same form a second time leads to what was bought, and takes no call', async () => {
    await putUpForSale();
    const form = await confirmation();
    await visitor.post('/services/achat', form);
    site.quota.asked.length = 0;
    const { response } = await visitor.post('/services/achat', form);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/articles/1?done=bought']);
    expect(site.quota.asked).toEqual([]);
  });

  test('buy: the button pressed twice at once makes one request, and no message that another was faster', async () => {
    await putUpForSale();
    const form = await confirmation();
    const answers = await Promise.all([
      visitor.post('/services/achat', form),
      visitor.post('/services/achat', form),
    ]);
    expect(answers.map(({ response }) => response.headers.get('location'))).toEqual([
      '/articles/1?done=bought',
      '/articles/1?done=bought',
    ]);
    const ids = site.quota.requestIds.filter((id) => id !== undefined);
    expect(new Set(ids).size).toBe(1);
  });

  test('buy: without a daemon it is a 503 that asks for confirmation again', async () => {
    await putUpForSale();
    site.quota.answers.admissions['service-call'] = unavailable();
    const { response, html } = await visitor.post('/services/achat', await confirmation());
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(html).toContain('Confirm your purchase');
    expect(site.market.articles[0]?.buyerId).toBeUndefined();
  });

  test('buy: the quota is used up, the reason and when the button is of use again', async () => {
    await putUpForSale();
    site.quota.answers.admissions['service-call'] = DENIED;
    const { response, html } = await visitor.post('/services/achat', await confirmation());
    expect(response.status).toBe(429);
    expect(html).toContain('Too many calls');
    expect(html).toContain('data-enables="buy-submit"');
    expect(html).toContain('data-wait="Available in"');
  });

  test.each([
    ['one’s own', '1', 403, 'is yours: you cannot buy it.'],
    ['one that is not there', '999', 404, 'This article is not for sale.'],
    ['none at all', 'x', 404, 'This article is not for sale.'],
  ])('buy: %s, refused and no call is taken', async (_, article, status, text) => {
    await putUpForSale({ sellerId: 1 });
    const { response, html } = await visitor.submit('/services/vente', '/services/achat', { article });
    expect(response.status).toBe(status);
    expect(html).toContain(text);
    expect(acts()).toEqual([]);
  });
});
