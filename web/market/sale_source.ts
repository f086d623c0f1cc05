import type { RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import type { Filters, Sort } from './article';
import type { Order } from './keyset';
import { wordsOf } from './words';

/** Each word is one more join; a search with more words has long found its article. */
const MAX_WORDS = 8;

/** A word of so few titles is read whole, and its titles put in order: cheaper than to follow the order and find none. */
const RARE_WORD = 50;

/** The same of articles below a price. A page of the newest is found among 100,000 by reading 2,500 at such odds. */
const FEW_CHEAP = 1_000;

/** Where a list is read from: tables with the index to use, what their rows must satisfy, and the order they come in. */
export type Source = { from: string; conditions: string[]; values: unknown[]; order: Order };

export const NEWEST: Order = { columns: ['a.id'], isDescending: true, placeOf: ({ id }) => [id] };

const CHEAPEST: Order = {
  columns: ['a.price_cents', 'a.id'],
  isDescending: false,
  placeOf: ({ priceCents, id }) => [priceCents, id],
};

const ORDERS: Record<Sort, Order> = { newest: NEWEST, cheapest: CHEAPEST };

// A search is read in the order of the index of words.
const SEARCH_ORDERS: Record<Sort, Order> = {
  newest: { ...NEWEST, columns: ['w0.article_id'] },
  cheapest: { ...CHEAPEST, columns: ['w0.price_cents', 'w0.article_id'] },
};

/**
 * The articles for sale that satisfy the filters, in an order. Names the index that was made for it: the servers' own choice
 * reads tens of thousands of rows for some lists of 100,000 articles.
 */
export function saleSource(database: Database, filters: Filters, sort: Sort): Promise<Source> {
  const words = wordsOf(filters.words ?? '').slice(0, MAX_WORDS);
  return words.length > 0
    ? searchSource(database, { words, filters, sort })
    : browseSource(database, filters, sort);
}

async function browseSource(database: Database, filters: Filters, sort: Sort): Promise<Source> {
  const { category, condition, maxPriceCents } = filters;
  const narrowed = filterConditions(filters, 'a');
  const source = (index: Sort): Source => ({
    from: `articles a FORCE INDEX (${['articles', category && 'category', condition && 'condition', index].filter(Boolean).join('_')})`,
    conditions: ['a.buyer_id IS NULL', ...narrowed.conditions],
    values: narrowed.values,
    order: ORDERS[sort],
  });
  if (sort === 'cheapest' || maxPriceCents === undefined) return source(sort);
  // Few cheap articles are best put in order; of many, the first are soon met among the newest.
  const cheap = source('cheapest');
  return (await countUpTo(database, cheap, FEW_CHEAP)) < FEW_CHEAP ? cheap : source('newest');
}

type Search = { words: readonly string[]; filters: Filters; sort: Sort };

async function searchSource(database: Database, { words, filters, sort }: Search): Promise<Source> {
  const { rarest, isRare } = await rarestWord(database, words);
  const others = words.filter((word) => word !== rarest);
  const narrowed = filterConditions(filters, 'w0');
  const joins = others.map((_, i) => {
    const alias = `w${i + 1}`;
    return `STRAIGHT_JOIN article_words ${alias} FORCE INDEX (PRIMARY) ON ${alias}.article_id = w0.article_id AND ${alias}.word = ?`;
  });
  return {
    from: [
      `article_words w0 FORCE INDEX (article_words_${isRare ? 'newest' : sort})`,
      ...joins,
      'STRAIGHT_JOIN articles a ON a.id = w0.article_id',
    ].join(' '),
    conditions: ['w0.word = ?', ...narrowed.conditions],
    values: [...others, rarest, ...narrowed.values],
    order: SEARCH_ORDERS[sort],
  };
}

/** The word that the fewest titles have, as far as that matters. */
async function rarestWord(
  database: Database,
  words: readonly string[],
): Promise<{ rarest: string | undefined; isRare: boolean }> {
  const [first, ...others] = words;
  if (others.length === 0) return { rarest: first, isRare: false };
  let rarest = { word: first, count: RARE_WORD };
  for (const word of words) {
    const count = await countUpTo(database, titlesWith(word), rarest.count);
    if (count < rarest.count) rarest = { word, count };
  }
  return { rarest: rarest.word, isRare: rarest.count < RARE_WORD };
}

function titlesWith(word: string): Omit<Source, 'order'> {
  const from = 'article_words w FORCE INDEX (article_words_newest)';
  return { from, conditions: ['w.word = ?'], values: [word] };
}

/** How many rows there are, read no further than the limit. */
export async function countUpTo(
  database: Database,
  { from, conditions, values }: Omit<Source, 'order'>,
  limit: number,
): Promise<number> {
  const [rows] = await database.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS count FROM (SELECT 1 FROM ${from} WHERE ${conditions.join(' AND ')} LIMIT ?) found`,
    [...values, limit],
  );
  return Number(rows[0]?.count);
}

function filterConditions(
  { category, condition, maxPriceCents }: Filters,
  priced: 'a' | 'w0',
): Pick<Source, 'conditions' | 'values'> {
  const filters: [string, unknown][] = [
    ['a.category = ?', category],
    ['a.article_condition = ?', condition],
    [`${priced}.price_cents <= ?`, maxPriceCents],
  ];
  const set = filters.filter(([, value]) => value !== undefined);
  return { conditions: set.map(([sql]) => sql), values: set.map(([, value]) => value) };
}
