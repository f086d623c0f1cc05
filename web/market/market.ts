import type { Pool } from 'mysql2/promise';
import { countUnseenSale } from '../accounts/unseen_sales';
import { type Database, inTransaction } from '../database';
import { SERVICES } from '../quota_names';
import type { Article, ArticleDetails, NewArticle } from './article';
import { articleWordsTable } from './article_words';
import { articlesTable } from './articles';
import { carryOut, findRequestedArticle } from './call_requests';
import { type Listings, listings } from './listings';

/** The result of buying, with the article as it is then: the second of two buyers learns who was first. */
export type Purchase =
  | { outcome: 'bought' | 'sold-already' | 'own'; article: Article }
  | { outcome: 'not-found'; article?: undefined };

type Sale = { requestId: string; sellerId: number; article: NewArticle };
type Edit = Sale & { articleId: number };
type Buying = { requestId: string; buyerId: number; articleId: number };

/**
 * The market. Selling, editing and buying are calls of a service, each with the UUID of its request: what they do and the fact that the call was
 * made, with any result, are kept together or not at all, and a repeated request does nothing. Reading and withdrawing are no calls.
 */
export type Market = Listings & {
  /** Puts an article up for sale, and returns its id; a repeat returns the first id. */
  sell(sale: Sale): Promise<number>;
  /** Changes an article that is for sale, and the seller's. Returns the article as it is then: a repeat may find it changed again. */
  edit(edit: Edit): Promise<ArticleDetails | undefined>;
  buy(purchase: Buying): Promise<Purchase>;
  /** Takes an article out of the market; false if it is not for sale, or is not the seller's. */
  withdraw(article: { sellerId: number; articleId: number }): Promise<boolean>;
  find(articleId: number): Promise<ArticleDetails | undefined>;
  /** The article of a call, by its request; undefined if the request was not carried out. */
  findRequested(requestId: string): Promise<number | undefined>;
};

/** `onCall` is called after each call that was kept. */
export function createMarket({ pool, onCall }: { pool: Pool; onCall: () => void }): Market {
  const inCall = async <T>(work: (database: Database) => Promise<T>): Promise<T> => {
    const result = await inTransaction(pool, work);
    onCall();
    return result;
  };
  return {
    ...listings(pool),
    find: (articleId) => articlesTable(pool).findById(articleId),
    findRequested: (requestId) => findRequestedArticle(pool, requestId),
    sell: (sale) => inCall((database) => sell(database, sale)),
    edit: (change) => inCall((database) => edit(database, change)),
    buy: (purchase) => inCall((database) => buy(database, purchase)),
    withdraw: ({ sellerId, articleId }) => articlesTable(pool).remove({ id: articleId, sellerId }),
  };
}

async function sell(database: Database, { requestId, sellerId, article }: Sale): Promise<number> {
  const call = { requestId, userId: sellerId, service: SERVICES.sell };
  const articleId = await carryOut(database, call, async () => {
    const id = await articlesTable(database).insert({ ...article, sellerId });
    await articleWordsTable(database).insert({ ...article, id });
    return id;
  });
  if (articleId === undefined) throw new Error('a sale was carried out without an article');
  return articleId;
}

async function edit(database: Database, change: Edit): Promise<ArticleDetails | undefined> {
  const { requestId, sellerId, articleId: id, article } = change;
  const articles = articlesTable(database);
  await carryOut(database, { requestId, userId: sellerId, service: SERVICES.sell }, async () => {
    if (await articles.update({ ...article, id, sellerId })) {
      const words = articleWordsTable(database);
      await words.remove(id);
      await words.insert({ ...article, id });
    }
    return id;
  });
  return articles.findById(id);
}

async function buy(database: Database, { requestId, buyerId, articleId }: Buying): Promise<Purchase> {
  const articles = articlesTable(database);
  await carryOut(database, { requestId, userId: buyerId, service: SERVICES.buy }, async () => {
    if (await articles.markSold({ id: articleId, buyerId })) {
      await articleWordsTable(database).remove(articleId);
      await countUnseenSale(database, articleId);
    }
    return articleId;
  });
  return toPurchase(await articles.findById(articleId), buyerId);
}

function toPurchase(article: Article | undefined, buyerId: number): Purchase {
  if (article === undefined) return { outcome: 'not-found' };
  if (article.buyerId === buyerId) return { outcome: 'bought', article };
  return { outcome: article.sellerId === buyerId ? 'own' : 'sold-already', article };
}
