import { randomUUID } from 'node:crypto';
import type { Filters, Sort } from '../../../web/market/article';
import type { Say } from '../figures/report';
import { BUYER, type StockedMarket } from './stocked_market';
import { ROUNDS, ratioOf } from './timing';

type List = { filters: Filters; sort: Sort; cursor?: string };

/** Two markets that differ in their size alone. */
export type Markets = { few: StockedMarket; many: StockedMarket };

const LISTS: readonly [string, (market: StockedMarket) => List][] = [
  ['first page, newest', () => ({ filters: {}, sort: 'newest' })],
  ['first page, cheapest', () => ({ filters: {}, sort: 'cheapest' })],
  [
    'first page, a category and a condition',
    () => ({ filters: { category: 'book', condition: 'good' }, sort: 'newest' }),
  ],
  ['first page, newest below a price', () => ({ filters: { maxPriceCents: 2_000 }, sort: 'newest' })],
  ['first page, two frequent words', () => ({ filters: { words: 'le livre' }, sort: 'cheapest' })],
  ['first page, a frequent word and a rare one', () => ({ filters: { words: 'le 777' }, sort: 'newest' })],
  [
    'page in the middle, newest',
    ({ count }) => ({ filters: {}, sort: 'newest', cursor: `after-${count / 2}` }),
  ],
  ['page in the middle, cheapest', () => ({ filters: {}, sort: 'cheapest', cursor: 'after-2550-1' })],
];

/** Reports how long lists take in the large market, as ratios to the small one. */
export async function benchLists({ few, many }: Markets, say: Say): Promise<void> {
  for (const [what, listOf] of LISTS) {
    const read = (place: StockedMarket) => async () => {
      const { articles } = await place.market.forSale(listOf(place));
      if (articles.length === 0) throw new Error(`${what}: nothing is listed, so nothing is measured`);
    };
    sayRatio(say, what, await ratioOf({ base: read(few), compared: read(many) }));
  }
}

/** The same for purchases, of articles from all over the market. */
export async function benchPurchases({ few, many }: Markets, say: Say): Promise<void> {
  const buy =
    ({ market, count }: StockedMarket) =>
    async (round: number) => {
      const articleId = 1 + (round * count) / ROUNDS;
      const { outcome } = await market.buy({ requestId: randomUUID(), buyerId: BUYER.id, articleId });
      if (outcome !== 'bought') throw new Error(`article ${articleId}: ${outcome}, so nothing is measured`);
    };
  sayRatio(say, 'purchase', await ratioOf({ base: buy(few), compared: buy(many) }));
}

/** One line: how the large market compares. */
export function sayRatio(say: Say, what: string, ratio: number): void {
  say(`${what.padEnd(50)} ${ratio.toFixed(2)} × as long as in the small market`);
}
