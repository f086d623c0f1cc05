import type { Pool } from 'mysql2/promise';
import { countServiceCall } from '../accounts/service_calls';
import { inTransaction } from '../database';
import { insertCall } from '../outbox/outbox';
import type { Article, NewArticle } from './article';
import { articleWordsTable } from './article_words';
import { articlesTable } from './articles';
import { type Listings, listings } from './listings';

/** The services, by the names that the daemon's policies file gives them. */
const SELLING = 'vente';
const BUYING = 'achat';

/** What came of buying, with the article as it is then: of two buyers, the second learns who was the first. */
export type Purchase =
  | { outcome: 'bought' | 'sold-already' | 'own'; article: Article }
  | { outcome: 'not-found'; article?: undefined };

/**
 * The market. Selling and buying are calls of a service, each with the UUID of the call; what they do and the fact that the
 * call was made, whatever came of it, are kept together or not at all. Reading is no call.
 */
export type Market = Listings & {
  /** Puts an article up for sale, and answers its id. */
  sell(sale: { requestId: string; sellerId: number; article: NewArticle }): Promise<number>;
  buy(purchase: { requestId: string; buyerId: number; articleId: number }): Promise<Purchase>;
  find(articleId: number): Promise<Article | undefined>;
};

/** `onCall` is told after each call that was kept. */
export function createMarket({ pool, onCall }: { pool: Pool; onCall: () => void }): Market {
  return {
    ...listings(pool),
    find: (articleId) => articlesTable(pool).findById(articleId),
    async sell({ requestId, sellerId, article }) {
      const id = await inTransaction(pool, async (database) => {
        await countServiceCall(database, sellerId);
        const articleId = await articlesTable(database).insert({ ...article, sellerId });
        await articleWordsTable(database).insert({ ...article, id: articleId });
        await insertCall(database, { requestId, userId: sellerId, service: SELLING });
        return articleId;
      });
      onCall();
      return id;
    },
    async buy({ requestId, buyerId, articleId }) {
      const purchase = await inTransaction(pool, async (database) => {
        await countServiceCall(database, buyerId);
        const articles = articlesTable(database);
        const isBought = await articles.markSold({ id: articleId, buyerId });
        if (isBought) await articleWordsTable(database).remove(articleId);
        await insertCall(database, { requestId, userId: buyerId, service: BUYING });
        return toPurchase(await articles.findById(articleId), { isBought, buyerId });
      });
      onCall();
      return purchase;
    },
  };
}

function toPurchase(
  article: Article | undefined,
  { isBought, buyerId }: { isBought: boolean; buyerId: number },
): Purchase {
  if (article === undefined) return { outcome: 'not-found' };
  if (isBought) return { outcome: 'bought', article };
  return { outcome: article.sellerId === buyerId ? 'own' : 'sold-already', article };
}
