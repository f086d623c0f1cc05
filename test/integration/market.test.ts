import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool, RowDataPacket } from 'mysql2/promise';
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

  test('market: an article that is sold, the second buyer is told, and the first keeps it', async () => {
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

  test('market: an article that does not exist, the buyer is told', async () => {
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

describe('the record of calls', () => {
  test('market: selling and every way of buying, one call each with its request id', async () => {
    const { market, pool } = opened;
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const [sale = '', bought = '', late = '', own = '', lost = ''] = ids;
    const article = { title: 'Candide', category: 'book', condition: 'new', priceCents: 1 } as const;
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
    const article = { title: 'Unkeepable', category: 'book', condition: 'new', priceCents: 0 } as const;
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

async function calls(pool: Pool, requestIds: string[]): Promise<object[]> {
  const [rows] = await pool.query<RowDataPacket[]>(
    'SELECT request_id, user_id, service FROM outbox WHERE request_id IN (?) ORDER BY id',
    [requestIds],
  );
  return rows;
}
