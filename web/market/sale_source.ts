import type { RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import type { Filters, Sort } from './article';
import type { Order } from './keyset';
import { isSearch, wordsOf } from './words';

/** Each word is one more join; a longer search needs no more words to find its article. */
const MAX_WORDS = 8;

/** The titles of so rare a word are all read and then sorted: cheaper than to read in order and find none. */
const RARE_WORD = 50;

/** The same for articles below a price. At this number, a page of the newest of 100,000 is found by reading 2,500. */
const FEW_CHEAP = 1_000;

/** The source of a list: tables with the index to use, the conditions on their rows, and the order. */
export type Source = { from: string; conditions: string[]; values: unknown[]; order: Order };

export const NEWEST: Order = { columns: ['a.id'], isDescending: true, placeOf: ({ id }) => [id] };

/** The result of a search without a letter or a digit. */
const NOTHING: Source = { from: 'articles a', conditions: ['FALSE'], values: [], order: NEWEST };

const CHEAPEST: Order = {
  columns: ['a.price_cents', 'a.id'],
  isDescending: false,
  placeOf: ({ priceCents, id }) => [priceCents, id],
};

const ORDERS: Record<Sort, Order> = { newest: NEWEST, cheapest: CHEAPEST };

// A search reads in the order of the index of words.
const SEARCH_ORDERS: Record<Sort, Order> = {
  newest: { ...NEWEST, columns: ['w0.article_id'] },
  cheapest: { ...CHEAPEST, columns: ['w0.price_cents', 'w0.article_id'] },
};

/**
 * The articles for sale that satisfy the filters, in an order. Names the index made for it: the servers' own choice
 * reads tens of thousands of rows for some lists of 100,000 articles.
 */
export function saleSource(database: Database, filters: Filters, sort: Sort): Promise<Source> {
  const { words: typed = '' } = filters;
  const words = wordsOf(typed).slice(0, MAX_WORDS);
  if (words.length > 0) return searchSource(database, { words, filters, sort });
  return isSearch(typed) ? Promise.resolve(NOTHING) : browseSource(database, filters, sort);
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
  // A few cheap articles are best sorted; of many, the first are soon found among the newest.
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

/** The rarest word of the search, counted as far as that matters. */
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

/** The number of rows, counted up to the limit. */
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
