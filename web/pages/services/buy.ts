import { type Response, Router } from 'express';
import { currentUser, type UserRequest, withUser } from '../../accounts/current_user';
import { formIdOf } from '../../forms/request_ids';
import { translatorOf } from '../../i18n/translator';
import type { Article, ArticleDetails } from '../../market/article';
import { articlePath } from '../articles/addresses';
import { sendArticle } from '../articles/article';
import { findArticle } from '../articles/find_article';
import { readParties } from '../articles/parties';
import type { Refusal } from '../quota/refusal';
import { callService, readCallMeter, requestIdFor, type ServicesParts } from './call';
import { ConfirmView } from './confirm_view';
import { LIST_PATH, sendList } from './list';

/** GET /services/achat, for everybody; GET /articles/:id/buy, which asks for confirmation, and POST /services/achat, which buys. */
export function buyRoutes(parts: ServicesParts): Router {
  const router = Router();
  router.get(LIST_PATH, (req, res) => sendList({ ...parts, user: currentUser(res), req, res }));
  router.get(
    '/articles/:id/buy',
    withUser((asked) => confirm({ ...parts, ...asked })),
  );
  router.post(
    LIST_PATH,
    withUser((asked) => buy({ ...parts, ...asked })),
  );
  return router;
}

type Sending = ServicesParts & UserRequest;

async function confirm(sending: Sending): Promise<void> {
  const { market, req } = sending;
  const article = await findArticle(market, req.params.id);
  if (await sendIfUnbuyable(sending, article)) return;
  if (article) await sendConfirm(sending, { article });
}

async function buy(sending: Sending): Promise<void> {
  const { market, user, req, res } = sending;
  const article = await findArticle(market, req.body?.article);
  // An article that this user cannot buy at all makes no call: nothing is taken for it.
  if ((await sendIfUnbuyable(sending, article)) || article === undefined) return;
  const { t } = translatorOf(res);
  const seenPrice = req.body?.price;
  if (seenPrice !== undefined && seenPrice !== String(article.priceCents))
    return sendConfirm(sending, { article, status: 409, alert: t('buy.price-changed') });

  const requestId = requestIdFor(sending, ['buy', article.id]);
  const { refusal } = await callService({ ...sending, requestId }, () =>
    market.buy({ requestId, buyerId: user.id, articleId: article.id }),
  );
  if (refusal !== undefined) return sendConfirm(sending, { article, status: refusal.status, refusal });
  const now = await market.find(article.id);
  if (await sendIfUnbuyable(sending, now)) return;
  throw new Error('an article is still for sale after it was bought');
}

/** Sends why this user cannot buy an article, or that they have already bought it; false if they can. */
async function sendIfUnbuyable(sending: Sending, article: ArticleDetails | undefined): Promise<boolean> {
  const { user, res } = sending;
  const { t } = translatorOf(res);
  if (article === undefined) {
    await sendList({ ...sending, status: 404, alert: t('buy.not-found') });
    return true;
  }
  const { title, sellerId, buyerId } = article;
  // A double click must not show that somebody else was faster.
  if (buyerId === user.id) {
    sendBought(res, article);
    return true;
  }
  const isOwn = sellerId === user.id;
  if (!isOwn && buyerId === undefined) return false;
  const alert = isOwn ? t('buy.own', { title }) : t('buy.sold-already', { title });
  await sendArticle({ ...sending, article, status: isOwn ? 403 : 409, alert });
  return true;
}

function sendBought(res: Response, { id }: Article): void {
  res.redirect(303, `${articlePath(id)}?done=bought`);
}

type ConfirmPage = { article: ArticleDetails; status?: number; refusal?: Refusal; alert?: string };

async function sendConfirm(sending: Sending, confirming: ConfirmPage): Promise<void> {
  const { users, sendPage, user, req, res } = sending;
  const { article, status, refusal, alert } = confirming;
  const [meter, { seller }] = await Promise.all([
    readCallMeter(sending, sending),
    readParties(users, { article, reader: user }),
  ]);
  const title = translatorOf(res).t('confirm.title');
  const formId = formIdOf(req.body?.form);
  const data = { article, seller, meter, refusal, alert, formId };
  sendPage(req, res, { view: ConfirmView, title, status, data });
}
