import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { NewArticle } from '../../../../web/market/article';
import { createVisitor, tokenIn, type Visitor } from '../../../helpers/visitor';
import { DENIED, type Site, serveSite } from '../fakes';

let site: Site;
let ada: Visitor;
let sam: Visitor;

const CID: NewArticle = {
  title: 'Le Cid',
  category: 'book',
  condition: 'good',
  priceCents: 450,
  description: 'Poche.\n<b>Corné</b>.',
};

const FORM = {
  title: 'Le Cid',
  category: 'book',
  condition: 'good',
  price: '4,50',
  description: CID.description,
};

beforeEach(async () => {
  site = await serveSite();
  [ada, sam] = [createVisitor(site.url), createVisitor(site.url)];
  await ada.logIn();
  await sam.logIn('sam@example.org');
  // Sam's.
  await site.market.sell({ requestId: '', sellerId: 2, article: CID });
  site.quota.asked.length = 0;
});

afterEach(() => site.close());

const sold = () => site.market.buy({ requestId: '', buyerId: 1, articleId: 1 });
const acts = () => site.quota.asked.filter((line) => /^(admit|edit|withdraw)/.test(line));

describe('article', () => {
  test('article: a visitor sees what it is and the seller’s first name alone', async () => {
    const stranger = createVisitor(site.url);
    const { response, html } = await stranger.get('/articles/1');
    expect(response.status).toBe(200);
    expect(html).toContain('<h1><bdi>Le Cid</bdi></h1>');
    expect(html).toContain('Poche.\n&lt;b>Corné&lt;/b>.');
    expect(html).toContain('<dd>Sam</dd>');
    expect(html).toContain('href="/articles/1/buy"');
    expect(html).not.toMatch(/Staff|sam@|<b>/);
    expect(stranger.cookies.size).toBe(0);
  });

  test.each(['/articles/2', '/articles/x', '/articles/0'])('article: %s is a 404', async (path) => {
    expect((await ada.get(path)).response.status).toBe(404);
  });

  test('article: after the sale, buyer and seller see each other and nobody else does', async () => {
    await sold();
    const [buyer, seller] = [await ada.get('/articles/1'), await sam.get('/articles/1')];
    expect(buyer.html).toContain('href="mailto:sam@example.org"');
    expect(seller.html).toContain('href="mailto:ada@example.org"');
    expect(seller.html).toContain('<strong>Ada</strong>');
    const { html } = await createVisitor(site.url).get('/articles/1');
    expect(html).not.toMatch(/mailto:|Ada/);
    expect(html).not.toContain('/articles/1/buy');
  });

  test('article: the account of the other was deleted, says so', async () => {
    await sold();
    site.users.all.splice(1, 1);
    const { html } = await ada.get('/articles/1');
    expect(html).toContain('This account has been deleted.');
    expect(html).not.toContain('Write to each other');
  });

  test('article: an address that says it was bought shows nothing to anybody else', async () => {
    expect((await ada.get('/articles/1?done=bought')).html).not.toContain('is yours');
  });

  test('sale: the seller sees a count until the list was opened', async () => {
    Object.assign(site.users.all[1] ?? {}, { unseenSales: 2 });
    expect((await sam.get('/')).html).toContain('<span class="unseen">2 new sales</span>');
    const { html } = await sam.get('/services');
    expect(html).toContain('2 of your articles have been sold.');
    expect(html).not.toContain('class="count"');
    expect((await sam.get('/')).html).not.toContain('class="count"');
  });
});

describe('edit', () => {
  test('edit: the seller changes it for one call', async () => {
    expect((await sam.get('/articles/1/edit')).html).toContain('value="4.50"');
    const { response } = await sam.submit('/articles/1/edit', '/articles/1/edit', { ...FORM, price: '3' });
    expect([response.status, response.headers.get('location')]).toEqual([303, '/articles/1?done=edited']);
    expect(acts()).toEqual(['admit service-call 2', 'edit 2 1']);
    expect(site.market.articles[0]?.priceCents).toBe(300);
    expect((await sam.get('/articles/1?done=edited')).html).toContain('Your changes have been saved.');
  });

  test('edit: the same form sent twice at once is one request; with other values it is another', async () => {
    const { html } = await sam.get('/articles/1/edit');
    const form = /name="form" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const send = (price: string) =>
      sam.post('/articles/1/edit', { ...FORM, price, form, _csrf: tokenIn(html) });
    site.quota.requestIds.length = 0;
    await Promise.all([send('3'), send('3')]);
    await send('2');
    expect(new Set(site.quota.requestIds).size).toBe(2);
  });

  test('edit: an old form after another edit, takes no call and says that the article has changed since', async () => {
    const { html } = await sam.get('/articles/1/edit');
    const form = /name="form" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const fields = { ...FORM, price: '3', form, _csrf: tokenIn(html) };
    await sam.post('/articles/1/edit', fields);
    await sam.submit('/articles/1/edit', '/articles/1/edit', { ...FORM, price: '2' });
    site.quota.asked.length = 0;
    const { response, html: page } = await sam.post('/articles/1/edit', fields);

    expect(response.status).toBe(409);
    expect(page).toContain('you have edited the article again since');
    expect(page).toContain('€2.00');
    expect(page).not.toContain('Your changes have been saved.');
    expect(acts()).toEqual([]);
    expect(site.market.articles[0]?.priceCents).toBe(200);
  });

  test('edit: the price is in the form as the reader’s language writes it', async () => {
    expect((await sam.get('/articles/1/edit')).html).toMatch(/name="price" value="\d+\.\d\d"/);
    await sam.get('/language/fr');
    expect((await sam.get('/articles/1/edit')).html).toMatch(/name="price" value="\d+,\d\d"/);
  });

  test('edit: nothing changed, no call is taken', async () => {
    const { response } = await sam.submit('/articles/1/edit', '/articles/1/edit', FORM);
    expect(response.headers.get('location')).toBe('/articles/1?done=edited');
    expect(acts()).toEqual([]);
  });

  test('edit: a fault is shown at its field and no call is taken', async () => {
    const { response, html } = await sam.submit('/articles/1/edit', '/articles/1/edit', {
      ...FORM,
      title: '',
    });
    expect(response.status).toBe(400);
    expect(html).toContain('id="title-fault"');
    expect(acts()).toEqual([]);
  });

  test('edit: the quota is used up, 429 that keeps what was typed', async () => {
    site.quota.answers.admissions['service-call'] = DENIED;
    const fields = { ...FORM, title: 'Horace' };
    const { response, html } = await sam.submit('/articles/1/edit', '/articles/1/edit', fields);
    expect(response.status).toBe(429);
    expect(html).toContain('value="Horace"');
    expect(site.market.articles[0]?.title).toBe('Le Cid');
  });

  test('edit: another’s article shows only its page', async () => {
    const { response } = await ada.get('/articles/1/edit');
    expect(response.headers.get('location')).toBe('/articles/1');
    await ada.submit('/account', '/articles/1/edit', { ...FORM, title: 'Mine now' });
    expect(site.market.articles[0]?.title).toBe('Le Cid');
  });

  test('edit: an article sold already gets a 409 that says so', async () => {
    await sold();
    const { response, html } = await sam.submit('/account', '/articles/1/edit', { ...FORM, title: 'Horace' });
    expect(response.status).toBe(409);
    expect(html).toContain('“Le Cid” has been sold and can no longer be edited.');
  });
});

describe('withdraw', () => {
  test('withdraw: the seller takes it out of the market for nothing', async () => {
    const { response } = await sam.submit('/articles/1', '/articles/1/withdraw');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/services?done=withdrawn']);
    expect(acts()).toEqual(['withdraw 2 1']);
    expect((await ada.get('/articles/1')).response.status).toBe(404);
    expect((await sam.get('/services?done=withdrawn')).html).toContain('Your article has been withdrawn.');
  });

  test('withdraw: another’s article, it stays', async () => {
    await ada.submit('/account', '/articles/1/withdraw');
    expect(site.market.articles).toHaveLength(1);
  });

  test('withdraw: an article sold already gets a 409 that says so, and stays the buyer’s', async () => {
    await sold();
    const { response, html } = await sam.submit('/account', '/articles/1/withdraw');
    expect(response.status).toBe(409);
    expect(html).toContain('“Le Cid” has just been sold');
    expect(site.market.articles).toHaveLength(1);
  });
});
