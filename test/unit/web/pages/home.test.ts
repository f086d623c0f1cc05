import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Stats } from '../../../../web/quota/client';
import { createVisitor, type Visitor } from '../../../helpers/visitor';
import { type Site, serveSite, unavailable } from '../fakes';

const HOUR = { policy: 'connection', admitted: 600, denied: 5, refunded: 0 };

const STATS: Stats = {
  recentUsers: [{ subject: '987654', connectTime: new Date('2025-01-02T03:04:05Z') }],
  topUsers: [{ subject: '1', count: 8 }],
  services: [
    { service: 'vente', callCount: 5 },
    { service: 'achat', callCount: 0 },
  ],
  hours: [
    { startTime: new Date('2025-01-02T02:00:00Z'), policies: [HOUR] },
    { startTime: new Date('2025-01-02T03:00:00Z'), policies: [HOUR, { ...HOUR, policy: 'service-call' }] },
  ],
  readTime: new Date('2025-01-02T03:10:00Z'),
};

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  site.quota.answers.stats = STATS;
  visitor = createVisitor(site.url);
});

afterEach(() => site.close());

/** The tiles of the page: the value of each, by its label. */
function tilesOf(html: string): Record<string, string> {
  const tiles = [...html.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)];
  return Object.fromEntries(tiles.map(([, label, value]) => [label, value]));
}

describe('home', () => {
  test('home: a visitor sees totals without names or ids, and gets no cookie', async () => {
    const { response, html } = await visitor.get('/');
    expect(response.status).toBe(200);
    expect(tilesOf(html)).toEqual({
      'articles for sale': '0',
      'calls to sell': '5',
      'calls to buy': '0',
      'logins in 3 days': '1,200',
    });
    expect(html).not.toMatch(/Ada|Sam|987654/);
    expect(visitor.cookies.size).toBe(0);
  });

  test('home: in French, numbers have the reader’s form', async () => {
    const { html } = await createVisitor(site.url, { 'accept-language': 'fr-CA, de;q=0.5' }).get('/');
    expect(html).toContain('<html lang="fr">');
    expect(tilesOf(html)['connexions en 3 jours']?.replaceAll(/\s/g, ' ')).toBe('1 200');
  });

  test('home: a student sees their own calls and no name but their own', async () => {
    await visitor.logIn('ada@example.org');
    site.quota.answers.own = { connectionCount: 3, callCount: 41 };
    const { html } = await visitor.get('/');
    const own = html.slice(html.indexOf('Your activity'), html.indexOf('The market in numbers'));
    expect(tilesOf(own)).toEqual({ 'logins in 3 days': '3', 'calls in total': '41' });
    expect(html).toContain('Ada &lt;b>Love&lt;/b>');
    expect(html).toContain('7 of 10 left');
    expect(html).not.toMatch(/Sam|987654|\/statistics/);
  });

  test('home: staff are led to the statistics', async () => {
    await visitor.logIn('sam@example.org');
    expect((await visitor.get('/')).html).toContain('href="/statistics"');
  });

  test('home: shows what has just been put up, and neither its seller nor what is sold', async () => {
    const article = {
      title: 'Alien',
      category: 'dvd',
      condition: 'fair',
      priceCents: 300,
      description: '',
    } as const;
    await site.market.sell({ requestId: '', sellerId: 2, article });
    await site.market.sell({ requestId: '', sellerId: 2, article: { ...article, title: 'Brazil' } });
    await site.market.buy({ requestId: '', buyerId: 1, articleId: 2 });
    const { html } = await visitor.get('/');
    expect(html).toContain('Alien');
    expect(html).toContain('€3.00');
    expect(html).not.toMatch(/Brazil|Sam/);
  });

  test('home: many at once, what is the same for everybody is read once', async () => {
    const pages = await Promise.all(Array.from({ length: 20 }, () => visitor.get('/')));
    expect(new Set(pages.map(({ response }) => response.status))).toEqual(new Set([200]));
    expect(site.quota.asked.filter((line) => line.startsWith('stats'))).toHaveLength(1);
  });

  test('home: two students see their own numbers', async () => {
    const sam = createVisitor(site.url);
    await Promise.all([visitor.logIn('ada@example.org'), sam.logIn('sam@example.org')]);
    await Promise.all([visitor.get('/'), sam.get('/')]);
    expect(site.quota.asked.filter((line) => line.startsWith('own ')).sort()).toEqual(['own 1', 'own 2']);
  });

  test('home: without a daemon it is a 200 that says so', async () => {
    site.quota.answers.stats = unavailable();
    const { response, html } = await visitor.get('/');
    expect(response.status).toBe(200);
    expect(html).toContain('The statistics are unavailable right now.');
  });
});
