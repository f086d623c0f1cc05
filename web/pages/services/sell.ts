import { randomUUID } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { currentUser } from '../../accounts/current_user';
import type { User } from '../../accounts/users';
import { translatorOf } from '../../i18n/translator';
import { MARKET_BOUNDS, type ParsedSale, parseSale } from '../../market/forms';
import { readMeter } from '../quota/meter';
import type { Refusal } from '../quota/refusal';
import { admitCall, findArticle, SERVICE_CALL_POLICY, type ServicesParts } from './call';
import { marketLabels } from './labels';

const PATH = '/services/vente';

type SellPage = { status?: number; sale?: ParsedSale; refusal?: Refusal };

/** GET and POST /services/vente: put an article up for sale, and see one's own. */
export function sellRoutes(parts: ServicesParts): Router {
  const { market, quota } = parts;
  const router = Router();

  router.get(PATH, async (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) return next();
    await sendSell({ ...parts, user, req, res }, {});
  });

  router.post(PATH, async (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) return next();
    const sale = parseSale(req.body);
    if (sale.article === undefined) return sendSell({ ...parts, user, req, res }, { status: 400, sale });
    const refusal = await admitCall({ quota, user, req, res });
    if (refusal !== undefined)
      return sendSell({ ...parts, user, req, res }, { status: refusal.status, sale, refusal });
    const id = await market.sell({ requestId: randomUUID(), sellerId: user.id, article: sale.article });
    res.redirect(303, `${PATH}?listed=${id}`);
  });

  return router;
}

type Sending = ServicesParts & { user: User; req: Request; res: Response };

async function sendSell(sending: Sending, { status, sale, refusal }: SellPage): Promise<void> {
  const { market, quota, sendPage, user, req, res } = sending;
  const translator = translatorOf(res);
  const [meter, mine, listed] = await Promise.all([
    readMeter({ quota, subject: String(user.id), policy: SERVICE_CALL_POLICY, translator }),
    market.ofSeller({ userId: user.id, cursor: String(req.query.page ?? '') }),
    findArticle(market, req.query.listed),
  ]);
  const bounds = { ...MARKET_BOUNDS, maxPrice: translator.price(MARKET_BOUNDS.maxPriceCents) };
  sendPage(req, res, {
    view: 'services/sell',
    title: translator.t('sell.title'),
    status,
    data: {
      meter,
      mine,
      // An address can be made up: only what the user has put up for sale is told as done.
      listed: listed?.sellerId === user.id ? listed : undefined,
      refusal,
      typed: sale?.typed ?? { title: '', category: '', condition: '', price: '' },
      faults: sale?.faults ?? {},
      bounds,
      labels: marketLabels(translator),
    },
  });
}
