import { randomUUID } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { currentUser } from '../../accounts/current_user';
import type { User } from '../../accounts/users';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { Article } from '../../market/article';
import { MARKET_BOUNDS, parseSearch } from '../../market/forms';
import type { Purchase } from '../../market/market';
import { readMeter } from '../quota/meter';
import type { Refusal } from '../quota/refusal';
import { admitCall, findArticle, SERVICE_CALL_POLICY, type ServicesParts } from './call';
import { marketLabels } from './labels';

const PATH = '/services/achat';

/** Why an article was not bought, with the status that says so. */
const FAILURES: Record<Exclude<Purchase['outcome'], 'bought'>, { status: number; text: MessageKey }> = {
  'sold-already': { status: 409, text: 'buy.sold-already' },
  own: { status: 403, text: 'buy.own' },
  'not-found': { status: 404, text: 'buy.not-found' },
};

type BuyPage = { status?: number; refusal?: Refusal; alert?: string };

/** GET and POST /services/achat: see what is for sale, and buy it. The address holds the filters of the list. */
export function buyRoutes(parts: ServicesParts): Router {
  const { market, quota } = parts;
  const router = Router();

  router.get(PATH, async (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) return next();
    await sendBuy({ ...parts, user, req, res }, {});
  });

  router.post(PATH, async (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) return next();
    const sending = { ...parts, user, req, res };
    const article = await findArticle(market, req.body?.article);
    // What cannot be bought by this user at all is no call: nothing is taken for it.
    if (article === undefined) return sendFailure(sending, { outcome: 'not-found' });
    if (article.sellerId === user.id) return sendFailure(sending, { outcome: 'own', article });
    if (article.buyerId === user.id) return sendBought(res, article);

    const refusal = await admitCall({ quota, user, req, res });
    if (refusal !== undefined) return sendBuy(sending, { status: refusal.status, refusal });
    const purchase = await market.buy({ requestId: randomUUID(), buyerId: user.id, articleId: article.id });
    // Who pressed twice is not told that somebody else was faster.
    if (purchase.article?.buyerId === user.id) return sendBought(res, article);
    await sendFailure(sending, purchase);
  });

  return router;
}

function sendBought(res: Response, { id }: Article): void {
  res.redirect(303, `/services?bought=${id}`);
}

type Sending = ServicesParts & { user: User; req: Request; res: Response };

function sendFailure(sending: Sending, purchase: Purchase): Promise<void> {
  if (purchase.outcome === 'bought') throw new Error('what was bought has not failed');
  const { status, text } = FAILURES[purchase.outcome];
  const { t } = translatorOf(sending.res);
  return sendBuy(sending, { status, alert: t(text, { title: purchase.article?.title ?? '' }) });
}

async function sendBuy(sending: Sending, { status, refusal, alert }: BuyPage): Promise<void> {
  const { market, quota, sendPage, user, req, res } = sending;
  const translator = translatorOf(res);
  const { typed, faults, list } = parseSearch(req.query);
  const [meter, page, count] = await Promise.all([
    readMeter({ quota, subject: String(user.id), policy: SERVICE_CALL_POLICY, translator }),
    market.forSale(list),
    market.countForSale(list.filters),
  ]);
  sendPage(req, res, {
    view: 'services/buy',
    title: translator.t('buy.title'),
    status,
    data: {
      meter,
      page,
      count,
      refusal,
      alert,
      typed,
      faults,
      bounds: { ...MARKET_BOUNDS, maxPrice: translator.price(MARKET_BOUNDS.maxPriceCents) },
      labels: marketLabels(translator),
      action: addressOf({ ...typed, page: list.cursor ?? '' }),
      hrefOf: (cursor: string) => addressOf({ ...typed, page: cursor }),
    },
  });
}

/** The address of a list, or of one of its pages; what is unset is left out. */
function addressOf(fields: Record<string, string>): string {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''));
  return query.size === 0 ? PATH : `${PATH}?${query}`;
}
