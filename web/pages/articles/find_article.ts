import type { ArticleDetails } from '../../market/article';
import type { Market } from '../../market/market';
import { parseId } from '../forms/parse_id';

/** The article that an address or a form names; undefined if there is none. */
export async function findArticle(market: Market, id: unknown): Promise<ArticleDetails | undefined> {
  const articleId = parseId(id);
  return articleId === undefined ? undefined : market.find(articleId);
}
