import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Filters, Page, Sort } from '../../web/market/article';
import { PAGE_SIZE } from '../../web/market/keyset';
import { openMarket, type TestMarket } from '../helpers/market';

const CATEGORIES = ['dvd', 'book', 'other'] as const;
const CONDITIONS = ['new', 'very_good', 'good', 'fair'] as const;

/** Three pages, the last one short, with many articles of one price. */
const COUNT = 2 * PAGE_SIZE + 5;

let opened: TestMarket;
let ids: number[];

beforeAll(async () => {
  opened = await openMarket();
  ids = [];
  for (let i = 0; i < COUNT; i += 1) {
    const category = CATEGORIES[i % 3];
    const condition = CONDITIONS[i % 4];
    // User 2 sells one in five.
    const sellerId = i % 5 === 0 ? 2 : 1;
    const title = `Titre n° ${i}`;
    ids.push(await opened.sell({ title, category, condition, sellerId, priceCents: 100 + (i % 4) }));
  }
});

afterAll(() => opened.close());

type ReadList = (cursor: string | undefined) => Promise<Page>;

/** Follows `next` to the end, and then `previous` back to the start. */
async function walk(read: ReadList): Promise<{ forth: number[][]; back: number[][] }> {
  const forth: number[][] = [];
  const back: number[][] = [];
  let page = await read(undefined);
  forth.push(page.articles.map(({ id }) => id));
  while (page.next !== undefined) {
    page = await read(page.next);
    forth.push(page.articles.map(({ id }) => id));
  }
  back.push(page.articles.map(({ id }) => id));
  while (page.previous !== undefined) {
    page = await read(page.previous);
    back.unshift(page.articles.map(({ id }) => id));
  }
  return { forth, back };
}

function forSale(sort: Sort, filters: Filters = {}): ReadList {
  return (cursor) => opened.market.forSale({ filters, sort, cursor });
}

const priceOf = (id: number) => 100 + (ids.indexOf(id) % 4);

describe('pages', () => {
  test.each(['!?', '🎬'])('listings: a search for %s, which has no letter, finds nothing', async (words) => {
    expect((await opened.market.forSale({ filters: { words }, sort: 'newest' })).articles).toEqual([]);
    expect(await opened.market.countForSale({ words })).toEqual({ count: 0, isMore: false });
  });

  test('listings: the newest come first, each article once, in full pages', async () => {
    const { forth } = await walk(forSale('newest'));
    expect(forth.flat()).toEqual(ids.toReversed());
    expect(forth.map((page) => page.length)).toEqual([PAGE_SIZE, PAGE_SIZE, 5]);
  });

  test('listings: the cheapest come first, each article once even if many have one price', async () => {
    const { forth } = await walk(forSale('cheapest'));
    expect(forth.flat()).toEqual(ids.toSorted((a, b) => priceOf(a) - priceOf(b) || a - b));
  });

  test.each(['newest', 'cheapest'] as const)(
    'listings: the pages back from the last, %s, are the same',
    async (sort) => {
      const { forth, back } = await walk(forSale(sort));
      expect(back.flat().slice(0, PAGE_SIZE)).toEqual(forth[0]);
      expect(back.at(-1)).toEqual(forth.at(-1));
      expect(back.at(-2)).toEqual(forth.at(-2));
    },
  );

  test.each(['newest', 'cheapest'] as const)(
    'listings: a search for %s shows the pages of its words',
    async (sort) => {
      const { forth } = await walk(forSale(sort, { words: 'TITRE N' }));
      expect(forth).toEqual((await walk(forSale(sort))).forth);
    },
  );

  test('listings: a cursor that is none, or of another order, shows the first page', async () => {
    const first = await forSale('newest')(undefined);
    for (const cursor of [
      '',
      'after',
      'after-x',
      'before-1-2',
      'after-1-2-3',
      "after-1'",
      'after-9007199254740993999',
    ])
      expect(await forSale('newest')(cursor)).toEqual(first);
  });

  test('listings: a cursor past the end shows the first page', async () => {
    const first = await forSale('newest')(undefined);
    expect(await forSale('newest')('after-0')).toEqual(first);
    expect(await forSale('newest')(`before-${ids.at(-1)}`)).toEqual(first);
  });

  test('listings: an article sold while somebody turns the page, nothing is skipped or shown twice', async () => {
    const { market, sell } = opened;
    const extra = await sell({ title: 'Bientôt vendu' });
    const first = await forSale('newest')(undefined);
    await market.buy({ requestId: randomUUID(), buyerId: 3, articleId: extra });
    const second = await forSale('newest')(first.next);
    const newest = ids.toReversed();
    expect(second.articles.map(({ id }) => id)).toEqual(newest.slice(PAGE_SIZE - 1, 2 * PAGE_SIZE - 1));
  });
});

describe('filters', () => {
  const cases: [string, Filters, (i: number) => boolean][] = [
    ['a category', { category: 'book' }, (i) => i % 3 === 1],
    ['a condition', { condition: 'fair' }, (i) => i % 4 === 3],
    ['both', { category: 'dvd', condition: 'new' }, (i) => i % 12 === 0],
    ['a highest price', { maxPriceCents: 101 }, (i) => i % 4 <= 1],
    ['all', { category: 'dvd', maxPriceCents: 102, condition: 'good' }, (i) => i % 12 === 6],
    ['a category and a word', { category: 'book', words: 'titre' }, (i) => i % 3 === 1],
    ['a price and words', { maxPriceCents: 100, words: 'titre n' }, (i) => i % 4 === 0],
    ['words that one title has', { words: 'titre 17' }, (i) => i === 17],
    ['words that no title has', { words: 'titre absent' }, () => false],
  ];
  test.each(cases)('listings: %s finds what satisfies it, in both orders', async (_, filters, isWanted) => {
    const wanted = ids.filter((_id, i) => isWanted(i));
    const newest = await walk(forSale('newest', filters));
    const cheapest = await walk(forSale('cheapest', filters));
    expect(newest.forth.flat()).toEqual(wanted.toReversed());
    expect(cheapest.forth.flat()).toEqual(wanted.toSorted((a, b) => priceOf(a) - priceOf(b) || a - b));
  });

  test.each(cases)('listings: the count of %s is as many as the list has', async (_, filters, isWanted) => {
    const count = ids.filter((_id, i) => isWanted(i)).length;
    expect(await opened.market.countForSale(filters)).toEqual({ count, isMore: false });
  });
});

describe('search', () => {
  test.each([
    ['L’Étranger', 'etranger'],
    ['L’Étranger', 'l’étranger'],
    ["L'Étranger (poche)", 'ETRANGER poche'],
    ['Le Cid', 'le'],
    ['It', 'it'],
    ['CD de Barbara', 'cd'],
    ['Œuvres complètes', 'oeuvres'],
    ['Ça', 'ca'],
    ['1984', '1984'],
    ['Spider-Man', 'man spider'],
    ['Война и мир', 'мир'],
  ])('listings: the title %s is found by %s', async (title, words) => {
    const id = await opened.sell({ title });
    const { articles } = await opened.market.forSale({ filters: { words }, sort: 'newest' });
    expect(articles.map((article) => article.id)).toContain(id);
    await opened.market.buy({ requestId: randomUUID(), buyerId: 3, articleId: id });
  });

  test('listings: signs of SQL and of LIKE are words like any others', async () => {
    for (const words of ["'; DROP TABLE articles; --", '%', '_', '\\', '+titre -n'])
      await opened.market.forSale({ filters: { words }, sort: 'cheapest' });
    expect((await opened.market.countForSale({})).count).toBe(COUNT);
  });
});

describe('one’s own', () => {
  test('listings: of a seller, the newest come first, sold ones too', async () => {
    const articleId = await opened.sell({ sellerId: 2 });
    await opened.market.buy({ requestId: randomUUID(), buyerId: 1, articleId });
    const { forth } = await walk((cursor) => opened.market.ofSeller({ userId: 2, cursor }));
    expect(forth.flat()).toEqual([articleId, ...ids.filter((_, i) => i % 5 === 0).toReversed()]);
  });

  test('listings: of a buyer, a moment later than any date shows the whole list', async () => {
    const articleId = await opened.sell({ sellerId: 1 });
    await opened.market.buy({ requestId: randomUUID(), buyerId: 2, articleId });
    const page = await opened.market.ofBuyer({ userId: 2, cursor: 'after-999999999999999-1' });
    expect(page.articles.map(({ id }) => id)).toEqual([articleId]);
    expect(page.previous).toBeDefined();
  });

  test('listings: of a buyer, the last bought come first, forth and back', async () => {
    const bought: number[] = [];
    for (let i = 0; i < PAGE_SIZE + 3; i += 1) bought.push(await opened.sell());
    // Bought in another order than they were offered.
    const order = [...bought.slice(5), ...bought.slice(0, 5)];
    const { forth: before } = await walk((cursor) => opened.market.ofBuyer({ userId: 3, cursor }));
    for (const articleId of order)
      await opened.market.buy({ requestId: randomUUID(), buyerId: 3, articleId });
    const { forth, back } = await walk((cursor) => opened.market.ofBuyer({ userId: 3, cursor }));
    expect(forth.flat()).toEqual([...order.toReversed(), ...before.flat()]);
    expect(back[0]).toEqual(forth[0]);
  });
});
