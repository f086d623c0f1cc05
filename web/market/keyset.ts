import type { Article, Page } from './article';

/** The most articles on a page: full rows of two, three and four. */
export const PAGE_SIZE = 24;

/**
 * The order of a list, by columns that together are unique and that an index holds in this order. A page is found by the
 * place of its neighbour, not by counting rows, so the thousandth page costs as much as the first.
 */
export type Order = {
  columns: readonly [string] | readonly [string, string];
  isDescending: boolean;
  /** An article's place: a whole number for each column. */
  placeOf(article: Article): number[];
  /** A place as the columns hold it; the numbers themselves unless given. */
  valuesOf?(place: readonly number[]): unknown[];
};

/** A part of a list, in SQL. */
export type Slice = { condition: string; values: unknown[]; orderBy: string; limit: number };

type Cursor = { isBefore: boolean; place: number[] };

const CURSOR = /^(?<direction>after|before)(?<place>(?:-\d{1,15}){1,2})$/;

/** Reads one page; from the start if there is no cursor, or one of another order, or one that leads nowhere. */
export async function readPage({
  order,
  cursor: text,
  read,
}: {
  order: Order;
  cursor: string | undefined;
  read: (slice: Slice) => Promise<Article[]>;
}): Promise<Page> {
  const cursor = parseCursor(text, order);
  const found = await read(sliceOf(order, cursor));
  const articles = found.slice(0, PAGE_SIZE);
  const isMore = found.length > PAGE_SIZE;
  if (cursor === undefined) return toPage({ articles, order, hasNext: isMore, hasPrevious: false });
  if (!cursor.isBefore && articles.length > 0)
    return toPage({ articles, order, hasNext: isMore, hasPrevious: true });
  if (cursor.isBefore && isMore)
    return toPage({ articles: articles.reverse(), order, hasNext: true, hasPrevious: true });
  // The articles there were sold meanwhile, or it is the start: a full first page rather than the rest of one.
  return readPage({ order, cursor: undefined, read });
}

function sliceOf({ columns, isDescending, valuesOf }: Order, cursor: Cursor | undefined): Slice {
  const isBackwards = cursor?.isBefore ?? false;
  const direction = isDescending === isBackwards ? 'ASC' : 'DESC';
  const orderBy = columns.map((column) => `${column} ${direction}`).join(', ');
  const limit = PAGE_SIZE + 1;
  if (cursor === undefined) return { condition: 'TRUE', values: [], orderBy, limit };

  const beyond = direction === 'ASC' ? '>' : '<';
  const [first, second] = columns;
  const [start, ...rest] = valuesOf?.(cursor.place) ?? cursor.place;
  if (second === undefined) return { condition: `${first} ${beyond} ?`, values: [start], orderBy, limit };
  // Written out, as MySQL does not read (a, b) > (?, ?) from an index.
  const condition = `(${first} ${beyond} ? OR (${first} = ? AND ${second} ${beyond} ?))`;
  return { condition, values: [start, start, ...rest], orderBy, limit };
}

type Found = { articles: Article[]; order: Order; hasNext: boolean; hasPrevious: boolean };

function toPage({ articles, order, hasNext, hasPrevious }: Found): Page {
  const [first, last] = [articles.at(0), articles.at(-1)];
  return {
    articles,
    next: hasNext && last ? ['after', ...order.placeOf(last)].join('-') : undefined,
    previous: hasPrevious && first ? ['before', ...order.placeOf(first)].join('-') : undefined,
  };
}

function parseCursor(text: string | undefined, order: Order): Cursor | undefined {
  const groups = CURSOR.exec(text ?? '')?.groups;
  const place = groups?.place?.slice(1).split('-').map(Number) ?? [];
  if (place.length !== order.columns.length) return undefined;
  return { isBefore: groups?.direction === 'before', place };
}
