import { type Request, type Response, Router } from 'express';
import { currentUser, type UserRequest, withUser } from '../../accounts/current_user';
import type { Users } from '../../accounts/users';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { ArticleDetails } from '../../market/article';
import type { Market } from '../../market/market';
import { parseId } from '../forms/parse_id';
import type { SendPage } from '../view';
import { articlePath } from './addresses';
import { ArticleView } from './article_view';
import { findArticle } from './find_article';
import { readParties } from './parties';

/** What the pages of an article need. */
export type ArticleParts = { market: Market; users: Users; sendPage: SendPage };

/** The notices that an address may ask for; each is shown only to those whom it concerns. */
const DONE: Readonly<Record<string, MessageKey>> = { bought: 'article.bought', edited: 'article.edited' };

/** GET /articles/:id, for everybody; POST /articles/:id/withdraw, for its seller. */
export function articleRoutes(parts: ArticleParts): Router {
  const router = Router();
  router.get('/articles/:id', async (req, res, next) => {
    const article = await findArticle(parts.market, req.params.id);
    if (article === undefined) return next();
    await sendArticle({ ...parts, req, res, article });
  });
  // The link on the page about an outdated form leads here.
  router.get('/articles/:id/withdraw', (req, res) =>
    res.redirect(303, articlePath(parseId(req.params.id) ?? 0)),
  );
  router.post(
    '/articles/:id/withdraw',
    withUser((asked) => withdraw(parts, asked)),
  );
  return router;
}

async function withdraw(parts: ArticleParts, { user, req, res }: UserRequest): Promise<void> {
  const { market } = parts;
  const articleId = parseId(req.params.id) ?? 0;
  if (await market.withdraw({ sellerId: user.id, articleId })) {
    req.log.info({ userId: user.id, articleId }, 'an article was withdrawn');
    return res.redirect(303, '/services?done=withdrawn');
  }
  const article = await market.find(articleId);
  // Pressed twice, or unknown: either way it is not for sale.
  if (article?.sellerId !== user.id) return res.redirect(303, '/services');
  const alert = translatorOf(res).t('withdraw.sold', { title: article.title });
  await sendArticle({ ...parts, req, res, article, status: 409, alert });
}

type Sending = ArticleParts & {
  req: Request;
  res: Response;
  article: ArticleDetails;
  status?: number;
  alert?: string;
};

/** Sends the page of an article, with what failed, if anything did. */
export async function sendArticle(sending: Sending): Promise<void> {
  const { users, sendPage, req, res, article, status, alert } = sending;
  const parties = await readParties(users, { article, reader: currentUser(res) });
  const key = parties.relation === 'other' ? undefined : DONE[String(req.query.done)];
  const { title } = article;
  const done = key && translatorOf(res).t(key, { title });
  sendPage(req, res, { view: ArticleView, title, status, data: { article, ...parties, done, alert } });
}
