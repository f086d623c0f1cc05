import type { ArticleDetails, Filters, NewArticle } from '../../../web/market/article';
import type { Market } from '../../../web/market/market';

/** The market in memory, in one page a list. Calls are written to `log`; a request that comes again does nothing. */
export type FakeMarket = Market & { articles: ArticleDetails[] };

export function fakeMarket(log: string[] = []): FakeMarket {
  const articles: ArticleDetails[] = [];
  const requested = new Map<string, number>();
  const pageOf = (found: ArticleDetails[]) => ({ articles: found, next: undefined, previous: undefined });
  const forSale = (filters: Filters) =>
    articles.filter((article) => article.buyerId === undefined && fits(article, filters));
  const find = (id: number) => articles.find((article) => article.id === id);
  const ofSeller = (id: number, sellerId: number) =>
    articles.find((each) => each.id === id && each.sellerId === sellerId && each.buyerId === undefined);
  return {
    articles,
    async sell({ requestId, sellerId, article }) {
      log.push(`sell ${sellerId} ${article.title}`);
      const id = requested.get(requestId) ?? Math.max(0, ...articles.map((each) => each.id)) + 1;
      if (find(id) === undefined) articles.push(newArticle(id, sellerId, article));
      if (requestId !== '') requested.set(requestId, id);
      return id;
    },
    async edit({ requestId, sellerId, articleId, article }) {
      log.push(`edit ${sellerId} ${articleId}`);
      const found = ofSeller(articleId, sellerId);
      if (found && !requested.has(requestId)) Object.assign(found, article);
      requested.set(requestId, articleId);
      return find(articleId);
    },
    async buy({ requestId, buyerId, articleId }) {
      log.push(`buy ${buyerId} ${articleId}`);
      const article = find(articleId);
      if (article === undefined) return { outcome: 'not-found' };
      if (article.sellerId === buyerId) return { outcome: 'own', article };
      if (article.buyerId !== undefined) return { outcome: 'sold-already', article };
      Object.assign(article, { buyerId, sold: new Date(0) });
      requested.set(requestId, articleId);
      return { outcome: 'bought', article };
    },
    async withdraw({ sellerId, articleId }) {
      log.push(`withdraw ${sellerId} ${articleId}`);
      const found = ofSeller(articleId, sellerId);
      if (found) articles.splice(articles.indexOf(found), 1);
      return found !== undefined;
    },
    find: async (id) => find(id),
    findRequested: async (requestId) => requested.get(requestId),
    forSale: async ({ filters }) => pageOf(forSale(filters)),
    countForSale: async (filters) => ({ count: forSale(filters).length, isMore: false }),
    ofSeller: async ({ userId }) => pageOf(articles.filter(({ sellerId }) => sellerId === userId)),
    ofBuyer: async ({ userId }) => pageOf(articles.filter(({ buyerId }) => buyerId === userId)),
  };
}

function newArticle(id: number, sellerId: number, article: NewArticle): ArticleDetails {
  return { ...article, id, sellerId, created: new Date(0), buyerId: undefined, sold: undefined };
}

function fits({ title, category }: ArticleDetails, filters: Filters): boolean {
  const isOfCategory = filters.category === undefined || filters.category === category;
  return isOfCategory && title.toLowerCase().includes(filters.words?.toLowerCase() ?? '');
}
