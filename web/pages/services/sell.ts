import { Router } from 'express';
import { type UserRequest, withUser } from '../../accounts/current_user';
import { formIdOf } from '../../forms/request_ids';
import { translatorOf } from '../../i18n/translator';
import { type ParsedSale, parseSale } from '../../market/forms';
import { findArticle } from '../articles/find_article';
import type { Refusal } from '../quota/refusal';
import { callService, marketBounds, readCallMeter, requestIdFor, type ServicesParts } from './call';
import { SellView } from './sell_view';

const PATH = '/services/vente';

type SellPage = { status?: number; sale?: ParsedSale; refusal?: Refusal };

/** GET and POST /services/vente: put an article up for sale. */
export function sellRoutes(parts: ServicesParts): Router {
  const router = Router();
  router.get(
    PATH,
    withUser((asked) => sendSell({ ...parts, ...asked }, {})),
  );
  router.post(
    PATH,
    withUser((asked) => sell({ ...parts, ...asked })),
  );
  return router;
}

type Sending = ServicesParts & UserRequest;

async function sell(sending: Sending): Promise<void> {
  const { market, user, req, res } = sending;
  const sale = parseSale(req.body);
  if (sale.article === undefined) return sendSell(sending, { status: 400, sale });
  const requestId = requestIdFor(sending, ['sell', ...Object.values(sale.article)]);
  // An old form may be sent again after the daemon has forgotten its request.
  const listed = await market.findRequested(requestId);
  if (listed !== undefined) return res.redirect(303, `${PATH}?listed=${listed}`);
  const { article } = sale;
  const sold = await callService({ ...sending, requestId }, () =>
    market.sell({ requestId, sellerId: user.id, article }),
  );
  if (sold.refusal !== undefined)
    return sendSell(sending, { status: sold.refusal.status, sale, refusal: sold.refusal });
  res.redirect(303, `${PATH}?listed=${sold.result}`);
}

async function sendSell(sending: Sending, { status, sale, refusal }: SellPage): Promise<void> {
  const { market, sendPage, user, req, res } = sending;
  const translator = translatorOf(res);
  const [meter, listed] = await Promise.all([
    readCallMeter(sending, sending),
    findArticle(market, req.query.listed),
  ]);
  const data = {
    meter,
    // An address can be made up: only an article of the user is shown as listed.
    listed: listed?.sellerId === user.id ? listed : undefined,
    refusal,
    // The values in an address were typed before a login interrupted.
    typed: (sale ?? parseSale(req.query)).typed,
    faults: sale?.faults ?? {},
    bounds: marketBounds(translator),
    formId: formIdOf(req.body?.form),
  };
  sendPage(req, res, { view: SellView, title: translator.t('sell.title'), status, data });
}
