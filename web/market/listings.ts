import type { RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import type { Article, Filters, Page, Sort } from './article';
import { ARTICLE_COLUMNS, toArticle } from './articles';
import { type Order, readPage, type Slice } from './keyset';
import { countUpTo, NEWEST, type Source, saleSource } from './sale_source';

/** Nobody reads further, and counting costs a row each. */
export const COUNT_LIMIT = 1_000;

/** How many there are; if there are more than COUNT_LIMIT, that number and `isMore`. */
export type Count = { count: number; isMore: boolean };

/** The lists of articles. Each reads little more than the rows that it returns, however many articles there are. */
export type Listings = {
  forSale(list: { filters: Filters; sort: Sort; cursor?: string | undefined }): Promise<Page>;
  countForSale(filters: Filters): Promise<Count>;
  /** What the user has put up for sale, the newest first, sold ones included. */
  ofSeller(list: { userId: number; cursor?: string | undefined }): Promise<Page>;
  /** What the user has bought, the last first. */
  ofBuyer(list: { userId: number; cursor?: string | undefined }): Promise<Page>;
};

export function listings(database: Database): Listings {
  const page = (source: Source, cursor: string | undefined) => {
    const read = (slice: Slice) => readArticles(database, source, slice);
    return readPage({ order: source.order, cursor, read });
  };
  return {
    async forSale({ filters, sort, cursor }) {
      return page(await saleSource(database, filters, sort), cursor);
    },
    countForSale: (filters) => countForSale(database, filters),
    ofSeller: ({ userId, cursor }) => page(offeredBy(userId), cursor),
    ofBuyer: ({ userId, cursor }) => page(boughtBy(userId), cursor),
  };
}

/** The last moment that a DATETIME can be; MySQL does not compare with a later one. */
const LAST_MOMENT_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const LAST_BOUGHT: Order = {
  columns: ['a.sold', 'a.id'],
  isDescending: true,
  placeOf: ({ sold, id }) => [sold?.getTime() ?? 0, id],
  valuesOf: ([soldMs = 0, id]) => [new Date(Math.min(soldMs, LAST_MOMENT_MS)), id],
};

function offeredBy(userId: number): Source {
  const from = 'articles a FORCE INDEX (articles_seller)';
  return { from, conditions: ['a.seller_id = ?'], values: [userId], order: NEWEST };
}

function boughtBy(userId: number): Source {
  const from = 'articles a FORCE INDEX (articles_buyer)';
  return { from, conditions: ['a.buyer_id = ?'], values: [userId], order: LAST_BOUGHT };
}

async function readArticles(database: Database, source: Source, slice: Slice): Promise<Article[]> {
  const where = [...source.conditions, slice.condition].join(' AND ');
  const [rows] = await database.query<RowDataPacket[]>(
    `SELECT ${ARTICLE_COLUMNS} FROM ${source.from} WHERE ${where} ORDER BY ${slice.orderBy} LIMIT ?`,
    [...source.values, ...slice.values, slice.limit],
  );
  return rows.map(toArticle);
}

async function countForSale(database: Database, filters: Filters): Promise<Count> {
  const source = await saleSource(database, filters, 'cheapest');
  const count = await countUpTo(database, source, COUNT_LIMIT + 1);
  return { count: Math.min(count, COUNT_LIMIT), isMore: count > COUNT_LIMIT };
}
