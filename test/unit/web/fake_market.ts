import type { Article, Filters, NewArticle } from '../../../web/market/article';
import type { Market } from '../../../web/market/market';

/** The market in memory, in one page a list. Calls are written to `log`. */
export type FakeMarket = Market & { articles: Article[] };

export function fakeMarket(log: string[] = []): FakeMarket {
  const articles: Article[] = [];
  const pageOf = (found: Article[]) => ({ articles: found, next: undefined, previous: undefined });
  const forSale = (filters: Filters) =>
    articles.filter((article) => article.buyerId === undefined && fits(article, filters));
  return {
    articles,
    async sell({ sellerId, article }) {
      log.push(`sell ${sellerId} ${article.title}`);
      articles.push(newArticle(articles.length + 1, sellerId, article));
      return articles.length;
    },
    async buy({ buyerId, articleId }) {
      log.push(`buy ${buyerId} ${articleId}`);
      const article = articles[articleId - 1];
      if (article === undefined) return { outcome: 'not-found' };
      if (article.sellerId === buyerId) return { outcome: 'own', article };
      if (article.buyerId !== undefined) return { outcome: 'sold-already', article };
      Object.assign(article, { buyerId, sold: new Date(0) });
      return { outcome: 'bought', article };
    },
    find: async (id) => articles[id - 1],
    forSale: async ({ filters }) => pageOf(forSale(filters)),
    countForSale: async (filters) => ({ count: forSale(filters).length, isMore: false }),
    ofSeller: async ({ userId }) => pageOf(articles.filter(({ sellerId }) => sellerId === userId)),
    ofBuyer: async ({ userId }) => pageOf(articles.filter(({ buyerId }) => buyerId === userId)),
  };
}

function newArticle(id: number, sellerId: number, article: NewArticle): Article {
  return { ...article, id, sellerId, created: new Date(0), buyerId: undefined, sold: undefined };
}

function fits({ title, category }: Article, filters: Filters): boolean {
  const isOfCategory = filters.category === undefined || filters.category === category;
  return isOfCategory && title.toLowerCase().includes(filters.words?.toLowerCase() ?? '');
}
