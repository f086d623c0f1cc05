import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import type { Article, NewArticle } from './article';

/** The columns of an article, as `toArticle` reads them. */
export const ARTICLE_COLUMNS =
  'a.id, a.seller_id, a.title, a.category, a.article_condition, a.price_cents, a.created, a.buyer_id, a.sold';

/** The articles table; its lists are in listings.ts. */
export type Articles = {
  /** Answers the new article's id. */
  insert(article: NewArticle & { sellerId: number }): Promise<number>;
  findById(id: number): Promise<Article | undefined>;
  /** Makes the user the buyer; false where the article has one already, or is the user's own, or does not exist. */
  markSold(sale: { id: number; buyerId: number }): Promise<boolean>;
  /** Removes what the user has for sale, with its words. Answers how many articles that were. */
  removeUnsold(sellerId: number): Promise<number>;
};

export function articlesTable(database: Database): Articles {
  return {
    insert: (article) => insert(database, article),
    findById: (id) => findById(database, id),
    markSold: (sale) => markSold(database, sale),
    removeUnsold: (sellerId) => removeUnsold(database, sellerId),
  };
}

async function insert(database: Database, article: NewArticle & { sellerId: number }): Promise<number> {
  const { sellerId, title, category, condition, priceCents } = article;
  const [result] = await database.execute<ResultSetHeader>(
    'INSERT INTO articles (seller_id, title, category, article_condition, price_cents) VALUES (?, ?, ?, ?, ?)',
    [sellerId, title, category, condition, priceCents],
  );
  return result.insertId;
}

async function findById(database: Database, id: number): Promise<Article | undefined> {
  const [rows] = await database.execute<RowDataPacket[]>(
    `SELECT ${ARTICLE_COLUMNS} FROM articles a WHERE a.id = ?`,
    [id],
  );
  return rows[0] && toArticle(rows[0]);
}

async function markSold(
  database: Database,
  { id, buyerId }: { id: number; buyerId: number },
): Promise<boolean> {
  // The condition stands in the statement that writes, so of two buyers the second finds the first one's mark.
  const [result] = await database.execute<ResultSetHeader>(
    'UPDATE articles SET buyer_id = ?, sold = UTC_TIMESTAMP(3) WHERE id = ? AND buyer_id IS NULL AND seller_id <> ?',
    [buyerId, id, buyerId],
  );
  return result.affectedRows === 1;
}

async function removeUnsold(database: Database, sellerId: number): Promise<number> {
  const [result] = await database.execute<ResultSetHeader>(
    'DELETE FROM articles WHERE seller_id = ? AND buyer_id IS NULL',
    [sellerId],
  );
  return result.affectedRows;
}

export function toArticle(row: RowDataPacket): Article {
  return {
    id: row.id,
    sellerId: row.seller_id,
    title: row.title,
    category: row.category,
    condition: row.article_condition,
    priceCents: row.price_cents,
    created: row.created,
    buyerId: row.buyer_id ?? undefined,
    sold: row.sold ?? undefined,
  };
}
