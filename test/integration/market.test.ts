import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { usersTable } from '../../web/accounts/users';
import { forgetOldRequests } from '../../web/market/call_requests';
import { openMarket, type TestMarket } from '../helpers/market';

const ADA = 1;
const BOB = 2;

let opened: TestMarket;

beforeAll(async () => {
  opened = await openMarket();
});

afterAll(() => opened.close());

describe('buying', () => {
  test('market: an article that is for sale, it is the buyer’s from then on', async () => {
    const { market, sell } = opened;
    const articleId = await sell({ title: 'Zadig' });
    const { outcome, article } = await market.buy({ requestId: randomUUID(), buyerId: BOB, articleId });
    expect(outcome).toBe('bought');
    expect(article).toMatchObject({ title: 'Zadig', buyerId: BOB, sold: expect.any(Date) });
    expect(await market.find(articleId)).toEqual(article);
  });

  test('market: the second buyer of a sold article learns that it is sold, and the first keeps it', async () => {
    const { market, sell } = opened;
    const articleId = await sell();
    await market.buy({ requestId: randomUUID(), buyerId: BOB, articleId });
    const { outcome } = await market.buy({ requestId: randomUUID(), buyerId: 3, articleId });
    expect(outcome).toBe('sold-already');
    expect(await market.find(articleId)).toMatchObject({ buyerId: BOB });
  });

  test('market: one’s own article, it stays for sale', async () => {
    const { market, sell } = opened;
    const articleId = await sell();
    const { outcome } = await market.buy({ requestId: randomUUID(), buyerId: ADA, articleId });
    expect(outcome).toBe('own');
    expect(await market.find(articleId)).toMatchObject({ buyerId: undefined, sold: undefined });
  });

  test('market: the buyer of an article that does not exist learns so', async () => {
    const bought = opened.market.buy({ requestId: randomUUID(), buyerId: BOB, articleId: 999_999 });
    expect(await bought).toEqual({ outcome: 'not-found' });
  });

  test('market: a sold article, no list or search shows it for sale any more', async () => {
    const { market, sell } = opened;
    const articleId = await sell({ title: 'Micromégas' });
    const search = { filters: { words: 'micromegas' }, sort: 'newest' } as const;
    expect((await market.forSale(search)).articles.map(({ id }) => id)).toEqual([articleId]);
    await market.buy({ requestId: randomUUID(), buyerId: BOB, articleId });
    expect((await market.forSale(search)).articles).toEqual([]);
    const { articles } = await market.forSale({ filters: {}, sort: 'newest' });
    expect(articles.map(({ id }) => id)).not.toContain(articleId);
  });
});

const CANDIDE = {
  title: 'Candide',
  category: 'book',
  condition: 'new',
  priceCents: 100,
  description: 'Poche.\nNeuf.',
} as const;

describe('a request that comes again', () => {
  test('market: the same sale twice at once and once later makes one article and one call', async () => {
    const { market, pool } = opened;
    const sale = { requestId: randomUUID(), sellerId: ADA, article: CANDIDE };
    const before = await callCount(pool, ADA);
    const [first, second] = await Promise.all([market.sell(sale), market.sell(sale)]);
    expect(second).toBe(first);
    expect(await market.sell(sale)).toBe(first);
    expect(await calls(pool, [sale.requestId])).toHaveLength(1);
    expect(await callCount(pool, ADA)).toBe(before + 1);
    expect(await market.findRequested(sale.requestId)).toBe(first);
  });

  test('market: the sale of an article that was withdrawn, it does not come back', async () => {
    const { market } = opened;
    const sale = { requestId: randomUUID(), sellerId: ADA, article: CANDIDE };
    const articleId = await market.sell(sale);
    expect(await market.withdraw({ sellerId: ADA, articleId })).toBe(true);
    expect(await market.sell(sale)).toBe(articleId);
    expect(await market.find(articleId)).toBeUndefined();
  });

  test('market: the same purchase twice at once is bought both times for one call', async () => {
    const { market, pool, sell } = opened;
    const purchase = { requestId: randomUUID(), buyerId: BOB, articleId: await sell() };
    const answers = await Promise.all([market.buy(purchase), market.buy(purchase)]);
    expect(answers.map(({ outcome }) => outcome)).toEqual(['bought', 'bought']);
    expect(await calls(pool, [purchase.requestId])).toHaveLength(1);
  });

  test('market: an edit that comes again after another one finds the article as that left it', async () => {
    const { market, sell } = opened;
    const articleId = await sell();
    const edit = (requestId: string, priceCents: number) =>
      market.edit({ requestId, sellerId: ADA, articleId, article: { ...CANDIDE, priceCents } });
    const first = randomUUID();
    expect(await edit(first, 300)).toMatchObject({ priceCents: 300 });
    await edit(randomUUID(), 200);
    expect(await edit(first, 300)).toMatchObject({ priceCents: 200 });
  });

  test('market: a request is forgotten once no session can repeat it, and not a day earlier', async () => {
    const { market, pool, sell } = opened;
    const requests = { old: randomUUID(), young: randomUUID() };
    const articleId = await sell();
    for (const requestId of Object.values(requests)) await market.buy({ requestId, buyerId: BOB, articleId });
    const age = 'UPDATE call_requests SET created = UTC_TIMESTAMP(3) - INTERVAL ? HOUR WHERE request_id = ?';
    await pool.query(age, [8 * 24 + 1, requests.old]);
    await pool.query(age, [7 * 24 + 1, requests.young]);
    await forgetOldRequests(pool);

    expect(await market.findRequested(requests.old)).toBeUndefined();
    expect(await market.findRequested(requests.young)).toBe(articleId);
  });

  test('market: a request that nobody made finds no article', async () => {
    expect(await opened.market.findRequested(randomUUID())).toBeUndefined();
  });
});

describe('editing and withdrawing', () => {
  test('market: an article that is for sale is changed and found by its new words alone', async () => {
    const { market, sell } = opened;
    const articleId = await sell({ title: 'Rhinocéros' });
    const article = { ...CANDIDE, title: 'La Cantatrice', priceCents: 999 };
    const change = { requestId: randomUUID(), sellerId: ADA, articleId, article };
    expect(await market.edit(change)).toMatchObject(article);
    expect(await market.find(articleId)).toMatchObject(article);
    const found = async (words: string) =>
      (await market.forSale({ filters: { words }, sort: 'newest' })).articles.map(({ id }) => id);
    expect(await found('cantatrice')).toEqual([articleId]);
    expect(await found('rhinoceros')).toEqual([]);
  });

  test('market: an article of another or one that is sold is neither changed nor withdrawn', async () => {
    const { market, sell } = opened;
    const articleId = await sell({ title: 'Phèdre' });
    const edit = (sellerId: number) =>
      market.edit({ requestId: randomUUID(), sellerId, articleId, article: CANDIDE });
    expect(await edit(BOB)).toMatchObject({ title: 'Phèdre' });
    expect(await market.withdraw({ sellerId: BOB, articleId })).toBe(false);
    await market.buy({ requestId: randomUUID(), buyerId: BOB, articleId });
    expect(await edit(ADA)).toMatchObject({ title: 'Phèdre' });
    expect(await market.withdraw({ sellerId: ADA, articleId })).toBe(false);
    expect(await market.find(articleId)).toMatchObject({ title: 'Phèdre', buyerId: BOB });
  });

  test('market: a sale is counted for its seller until seen, and one that comes meanwhile stays', async () => {
    const { market, pool, sell } = opened;
    const users = usersTable(pool);
    const unseen = async () => (await users.findById(3))?.unseenSales;
    for (const title of ['Le Cid', 'Horace']) {
      const articleId = await sell({ title, sellerId: 3 });
      await market.buy({ requestId: randomUUID(), buyerId: BOB, articleId });
    }
    expect(await unseen()).toBe(2);
    await users.forgetUnseenSales({ id: 3, count: 1 });
    expect(await unseen()).toBe(1);
    await users.forgetUnseenSales({ id: 3, count: 9 });
    expect(await unseen()).toBe(0);
  });

  test('market: two who buy from each other at once get no deadlock', async () => {
    const { market, sell } = opened;
    for (let run = 0; run < 20; run += 1) {
      const [ofAda, ofBob] = [await sell({ sellerId: ADA }), await sell({ sellerId: BOB })];
      const purchases = await Promise.all([
        market.buy({ requestId: randomUUID(), buyerId: BOB, articleId: ofAda }),
        market.buy({ requestId: randomUUID(), buyerId: ADA, articleId: ofBob }),
      ]);
      expect(purchases.map(({ outcome }) => outcome)).toEqual(['bought', 'bought']);
    }
  });
});

describe('the record of calls', () => {
  test('market: selling and every way of buying make one call each with its request id', async () => {
    const { market, pool } = opened;
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const [sale = '', bought = '', late = '', own = '', lost = ''] = ids;
    const article = {
      title: 'Candide',
      category: 'book',
      condition: 'new',
      priceCents: 1,
      description: '',
    } as const;
    const articleId = await market.sell({ requestId: sale, sellerId: ADA, article });
    await market.buy({ requestId: bought, buyerId: BOB, articleId });
    await market.buy({ requestId: late, buyerId: 3, articleId });
    await market.buy({ requestId: own, buyerId: ADA, articleId });
    await market.buy({ requestId: lost, buyerId: BOB, articleId: 999_999 });

    expect(await calls(pool, ids)).toEqual([
      { request_id: sale, user_id: ADA, service: 'vente' },
      { request_id: bought, user_id: BOB, service: 'achat' },
      { request_id: late, user_id: 3, service: 'achat' },
      { request_id: own, user_id: ADA, service: 'achat' },
      { request_id: lost, user_id: BOB, service: 'achat' },
    ]);
  });

  test('market: a sale that fails half-way, neither the article nor the call is kept', async () => {
    const { market, pool } = opened;
    const requestId = randomUUID();
    const article = {
      title: 'Unkeepable',
      category: 'book',
      condition: 'new',
      priceCents: 0,
      description: '',
    } as const;
    await expect(market.sell({ requestId, sellerId: ADA, article })).rejects.toThrow();
    expect(await calls(pool, [requestId])).toEqual([]);
  });

  test('market: a call that cannot be written down, its work is undone', async () => {
    const { market, sell } = opened;
    const articleId = await sell();
    // The column holds 36 characters.
    const requestId = 'x'.repeat(37);
    await expect(market.buy({ requestId, buyerId: BOB, articleId })).rejects.toThrow();
    expect(await market.find(articleId)).toMatchObject({ buyerId: undefined });
  });
});

async function callCount(pool: Pool, userId: number): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>('SELECT service_call_count FROM users WHERE id = ?', [
    userId,
  ]);
  return Number(rows[0]?.service_call_count);
}

async function calls(pool: Pool, requestIds: string[]): Promise<object[]> {
  const [rows] = await pool.query<RowDataPacket[]>(
    'SELECT request_id, user_id, service FROM outbox WHERE request_id IN (?) ORDER BY id',
    [requestIds],
  );
  return rows;
}
