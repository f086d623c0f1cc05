import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PoolConnection } from 'mysql2/promise';
import type { Filters, Sort } from '../../web/market/article';
import { PAGE_SIZE } from '../../web/market/keyset';
import { COUNT_LIMIT, listings } from '../../web/market/listings';
import { openMarket, rowsRead, type TestMarket } from '../helpers/market';

const COUNT = 100_000;

/** What a page may read for each row that it shows: the row, its words, some that a filter leaves out, a look at the words. */
const READS_A_ROW = 16;
const PAGE_BOUND = READS_A_ROW * (PAGE_SIZE + 1);

/** If no index has both the filter and the order: a tenth of the articles. */
const LOOSE_BOUND = COUNT / 10;

/** Seeding alone takes the time of all other tests of the market together. */
const SEEDING_LIMIT_MS = 600_000;

let opened: TestMarket;
let connection: PoolConnection;

beforeAll(async () => {
  opened = await openMarket();
  connection = await opened.pool.getConnection();
  await seed(connection);
}, SEEDING_LIMIT_MS);

afterAll(async () => {
  connection.release();
  await opened.close();
});

/**
 * Article n of 100,000. One in ten is sold; all is uneven: a third costs 5 euros, all fair DVDs are among the oldest, as are
 * the few that cost 1 cent.
 */
async function seed(database: PoolConnection): Promise<void> {
  await database.query('CREATE TEMPORARY TABLE digits (d INT PRIMARY KEY)');
  await database.query('INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)');
  // A temporary table can be opened only once in a statement.
  for (const power of [1, 10, 100, 1_000, 10_000])
    await database.query(`CREATE TEMPORARY TABLE d${power} SELECT d * ${power} AS d FROM digits`);
  await database.query(`
    INSERT INTO articles (id, seller_id, title, category, article_condition, price_cents, buyer_id, sold)
    SELECT n, 1 + n % 2, CONCAT('Le Livre ', n), IF(n % 3 = 0, 'dvd', IF(n % 3 = 1, 'book', 'other')),
      IF(n % 3 = 0 AND n < 90, 'fair', IF(n % 3 <> 0 AND n % 4 = 0, 'fair', 'good')),
      IF(n < 20, 1, IF(n % 3 = 0, 500, 100 + n % 5000)),
      IF(n % 10 = 0, 3, NULL), IF(n % 10 = 0, UTC_TIMESTAMP(3) - INTERVAL n SECOND, NULL)
    FROM (SELECT 1 + d1.d + d10.d + d100.d + d1000.d + d10000.d AS n FROM d1, d10, d100, d1000, d10000) numbers
    ORDER BY n`);
  for (const word of ["'le'", "'livre'", 'id']) {
    await database.query(`
      INSERT INTO article_words (article_id, word, price_cents)
      SELECT id, ${word}, price_cents FROM articles WHERE buyer_id IS NULL ORDER BY id`);
  }
}

/** The rows read for the first page, for the one after it, and for one after the given place, if any. */
async function readsOf(list: { filters: Filters; sort: Sort }, deep: string[] = []): Promise<number[]> {
  const lists = listings(connection);
  const { next } = await lists.forSale(list);
  const reads: number[] = [];
  for (const cursor of [undefined, ...(next ? [next] : []), ...deep])
    reads.push(await rowsRead(connection, () => lists.forSale({ ...list, cursor })));
  return reads;
}

const greatest = (reads: number[]) => Math.max(...reads);

describe('a list of 100,000 articles', () => {
  const filters: [string, Filters][] = [
    ['without a filter', {}],
    ['of a category', { category: 'book' }],
    ['of a condition', { condition: 'fair' }],
    ['of a rare pair', { category: 'dvd', condition: 'fair' }],
    ['of a pair that nothing has', { category: 'dvd', condition: 'new' }],
    ['of a word that all titles have', { words: 'le' }],
    ['of words that all titles have', { words: 'le livre' }],
    ['of a rare word', { words: '77777' }],
    ['of a frequent and a rare word', { words: 'le 77777' }],
    ['of a word that no title has', { words: 'absent' }],
  ];

  test.each(filters)('listings: newest first, %s, little more is read than is shown', async (_, filter) => {
    const reads = await readsOf({ filters: filter, sort: 'newest' }, ['after-50000', 'before-50000']);
    expect(greatest(reads)).toBeLessThanOrEqual(PAGE_BOUND);
  });

  test.each(filters)('listings: cheapest first, %s, little more is read than is shown', async (_, filter) => {
    const places = ['after-500-50000', 'before-500-50000', 'after-5000-1', 'before-101-1'];
    const reads = await readsOf({ filters: filter, sort: 'cheapest' }, places);
    expect(greatest(reads)).toBeLessThanOrEqual(PAGE_BOUND);
  });

  test.each([1, 500, 5_000])(
    'listings: cheapest first up to %i cents reads as little',
    async (maxPriceCents) => {
      const list = { filters: { maxPriceCents }, sort: 'cheapest' } as const;
      expect(greatest(await readsOf(list))).toBeLessThanOrEqual(PAGE_BOUND);
    },
  );

  test.each([1, 105, 180, 190, 500, 5_000])(
    'listings: newest first up to %i cents scans nothing',
    async (maxPriceCents) => {
      const list = { filters: { maxPriceCents }, sort: 'newest' } as const;
      expect(greatest(await readsOf(list))).toBeLessThanOrEqual(LOOSE_BOUND);
    },
  );

  test('listings: newest first, of a frequent word and a category, little more is read than is shown', async () => {
    const list = { filters: { words: 'le', category: 'dvd' }, sort: 'newest' } as const;
    expect(greatest(await readsOf(list, ['after-50000', 'before-50000']))).toBeLessThanOrEqual(PAGE_BOUND);
  });

  test('listings: what a seller offers, little more is read than is shown', async () => {
    for (const cursor of [undefined, 'after-50000', 'before-50000']) {
      const read = () => listings(connection).ofSeller({ userId: 1, cursor });
      expect(await rowsRead(connection, read)).toBeLessThanOrEqual(PAGE_BOUND);
    }
  });

  test('listings: what a buyer bought, little more is read than is shown', async () => {
    const { articles } = await listings(connection).ofBuyer({ userId: 3 });
    const soldMs = Number(articles[0]?.sold) - 5_000_000;
    for (const cursor of [undefined, `after-${soldMs}-50000`, `before-${soldMs}-50000`]) {
      const read = () => listings(connection).ofBuyer({ userId: 3, cursor });
      expect(await rowsRead(connection, read)).toBeLessThanOrEqual(PAGE_BOUND);
    }
  });

  test('listings: the count stops at its limit', async () => {
    for (const filter of [{}, { words: 'le' }, { category: 'book' }] as const) {
      const count = () => listings(connection).countForSale(filter);
      expect(await count()).toEqual({ count: COUNT_LIMIT, isMore: true });
      expect(await rowsRead(connection, count)).toBeLessThanOrEqual(READS_A_ROW * COUNT_LIMIT);
    }
  });
});
