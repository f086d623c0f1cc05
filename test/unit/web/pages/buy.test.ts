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

const ALIEN: NewArticle = { title: 'Alien', category: 'dvd', condition: 'fair', priceCents: 300 };

/** An article, somebody else's unless told otherwise; the first one has the id 1. */
async function putUpForSale({ title = ALIEN.title, sellerId = 2 } = {}): Promise<void> {
  await site.market.sell({ requestId: '', sellerId, article: { ...ALIEN, title } });
  site.quota.asked.length = 0;
}

describe('buy', () => {
  test('buy: several forms on a page, one token for all of them', async () => {
    await putUpForSale();
    await putUpForSale({ title: 'Brazil' });
    const { html } = await visitor.get('/services/achat');
    const tokens = [...html.matchAll(/name="_csrf" value="([^"]+)"/g)].map(([, token]) => token);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
  });

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

  test('buy: the same article a second time, led to what was bought and no call is taken', async () => {
    await putUpForSale();
    const { html } = await visitor.get('/services/achat');
    const form = { article: '1', _csrf: tokenIn(html) };
    await visitor.post('/services/achat', form);
    site.quota.asked.length = 0;
    const { response } = await visitor.post('/services/achat', form);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/services?bought=1']);
    expect(site.quota.asked).toEqual([]);
  });

  test('buy: the button pressed twice at once, nobody is told that another was faster', async () => {
    await putUpForSale();
    const form = { article: '1', _csrf: tokenIn((await visitor.get('/services/achat')).html) };
    const { buy } = site.market;
    // Both were asked for before either was done.
    site.market.buy = async (purchase) => {
      await buy(purchase);
      return buy(purchase);
    };
    const { response } = await visitor.post('/services/achat', form);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/services?bought=1']);
  });

  test('buy: no daemon, 503 with the same list', async () => {
    await putUpForSale();
    site.quota.answers.admissions['service-call'] = unavailable();
    const { response, html } = await visitor.submit('/services/achat', '/services/achat?q=alien', {
      article: '1',
    });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(html).toContain('value="alien"');
    expect(site.market.articles[0]?.buyerId).toBeUndefined();
  });

  test('buy: a highest price that is none, kept with the fault at the field, which has the focus', async () => {
    const { response, html } = await visitor.get('/services/achat?max=much');
    expect(response.status).toBe(200);
    expect(html).toMatch(/<input id="max"[^>]* value="much"[^>]* autofocus/);
    expect(html).toContain('id="max-fault">Enter a price in euros');
  });

  test('buy: from a later page of the list, the form leads back to that page', async () => {
    await putUpForSale();
    const { html } = await visitor.get('/services/achat?q=alien&page=after-7');
    expect(html).toContain('action="/services/achat?q=alien&amp;sort=newest&amp;page=after-7"');
  });

  test.each([
    ['one’s own', '1', 403, 'is yours: you cannot buy it.'],
    ['one that is not there', '999', 404, 'This article is not for sale.'],
    ['none at all', 'x', 404, 'This article is not for sale.'],
  ])('buy: %s, refused and no call is taken', async (_, article, status, text) => {
    await putUpForSale({ sellerId: 1 });
    const { response, html } = await visitor.submit('/services/achat', '/services/achat', { article });
    expect(response.status).toBe(status);
    expect(html).toContain(text);
    expect(site.quota.asked).not.toContain('admit service-call 1');
  });

  test('buy: the quota is used up, the same list with the reason', async () => {
    await putUpForSale();
    await putUpForSale({ title: 'Brazil' });
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
    await putUpForSale({ title: '<b>bold</b>' });
    expect((await visitor.get('/services/achat')).html).toContain('&lt;b&gt;bold&lt;/b&gt;');
  });

  test('buy: somebody else’s purchase in the address, not told as one’s own', async () => {
    await putUpForSale({ title: 'Secret' });
    await site.market.buy({ requestId: '', buyerId: 3, articleId: 1 });
    expect((await visitor.get('/services?bought=1')).html).not.toContain('Secret');
  });
});
