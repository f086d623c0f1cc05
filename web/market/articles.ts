import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Database } from '../database';
import type { Article, ArticleDetails, NewArticle } from './article';

/** The columns of an article, as `toArticle` reads them. */
export const ARTICLE_COLUMNS =
  'a.id, a.seller_id, a.title, a.category, a.article_condition, a.price_cents, a.created, a.buyer_id, a.sold';

/** The articles table; its lists are in listings.ts. */
export type Articles = {
  /** Returns the new article's id. */
  insert(article: NewArticle & { sellerId: number }): Promise<number>;
  findById(id: number): Promise<ArticleDetails | undefined>;
  /** Changes what the seller said of an article; false if it is sold, or another's, or does not exist. */
  update(article: NewArticle & { id: number; sellerId: number }): Promise<boolean>;
  /** Makes the user the buyer; false if the article has one already, or is the user's own, or does not exist. */
  markSold(sale: { id: number; buyerId: number }): Promise<boolean>;
  /** Removes an article with its words; false if it is sold, or another's, or does not exist. */
  remove(article: { id: number; sellerId: number }): Promise<boolean>;
  /** Removes what the user has for sale, with its words. Returns the number of articles. */
  removeUnsold(sellerId: number): Promise<number>;
};

export function articlesTable(database: Database): Articles {
  return {
    insert: (article) => insert(database, article),
    findById: (id) => findById(database, id),
    update: (article) => update(database, article),
    remove: (article) => remove(database, article),
    markSold: (sale) => markSold(database, sale),
    removeUnsold: (sellerId) => removeUnsold(database, sellerId),
  };
}

async function insert(database: Database, article: NewArticle & { sellerId: number }): Promise<number> {
  const { sellerId, title, category, condition, priceCents, description } = article;
  const [result] = await database.execute<ResultSetHeader>(
    'INSERT INTO articles (seller_id, title, category, article_condition, price_cents, description) VALUES (?, ?, ?, ?, ?, ?)',
    [sellerId, title, category, condition, priceCents, description],
  );
  return result.insertId;
}

async function findById(database: Database, id: number): Promise<ArticleDetails | undefined> {
  const [rows] = await database.execute<RowDataPacket[]>(
    `SELECT ${ARTICLE_COLUMNS}, a.description FROM articles a WHERE a.id = ?`,
    [id],
  );
  return rows[0] && { ...toArticle(rows[0]), description: rows[0].description };
}

// In both conditions: if a buyer and a seller act at the same moment, the second finds what the first did.
const STILL_THEIRS = 'id = ? AND seller_id = ? AND buyer_id IS NULL';

async function update(
  database: Database,
  { id, sellerId, ...article }: NewArticle & { id: number; sellerId: number },
): Promise<boolean> {
  const { title, category, condition, priceCents, description } = article;
  const [result] = await database.execute<ResultSetHeader>(
    `UPDATE articles SET title = ?, category = ?, article_condition = ?, price_cents = ?, description = ? WHERE ${STILL_THEIRS}`,
    [title, category, condition, priceCents, description, id, sellerId],
  );
  return result.affectedRows === 1;
}

async function remove(
  database: Database,
  { id, sellerId }: { id: number; sellerId: number },
): Promise<boolean> {
  const [result] = await database.execute<ResultSetHeader>(`DELETE FROM articles WHERE ${STILL_THEIRS}`, [
    id,
    sellerId,
  ]);
  return result.affectedRows === 1;
}

async function markSold(
  database: Database,
  { id, buyerId }: { id: number; buyerId: number },
): Promise<boolean> {
  // The condition is in the writing statement, so the second of two buyers finds the first one's mark.
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
