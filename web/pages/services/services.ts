import { Router } from 'express';
import { currentUser, requireUser } from '../../accounts/current_user';
import { translatorOf } from '../../i18n/translator';
import { readMeter } from '../quota/meter';
import { buyRoutes } from './buy';
import { findArticle, SERVICE_CALL_POLICY, type ServicesParts } from './call';
import { marketLabels } from './labels';
import { sellRoutes } from './sell';

/** GET /services, its meter, and the two services below it. */
export function servicesRoutes(parts: ServicesParts): Router {
  const { market, quota, sendPage } = parts;
  const router = Router();
  router.use('/services', requireUser);

  router.get('/services', async (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) return next();
    const translator = translatorOf(res);
    const [meter, forSale, purchases, bought] = await Promise.all([
      readMeter({ quota, subject: String(user.id), policy: SERVICE_CALL_POLICY, translator }),
      market.countForSale({}),
      market.ofBuyer({ userId: user.id, cursor: String(req.query.page ?? '') }),
      findArticle(market, req.query.bought),
    ]);
    const isTheirs = bought?.buyerId === user.id;
    const data = {
      meter,
      forSale,
      purchases,
      bought: isTheirs ? bought : undefined,
      labels: marketLabels(translator),
    };
    sendPage(req, res, { view: 'services/services', title: translator.t('services.title'), data });
  });

  // A part of a page, for the script that keeps it true.
  router.get('/services/quota', async (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) return next();
    const translator = translatorOf(res);
    const subject = String(user.id);
    const meter = await readMeter({ quota, subject, policy: SERVICE_CALL_POLICY, translator });
    sendPage(req, res, { view: 'quota/meter', title: translator.t('quota.title'), data: { meter } });
  });

  router.use(sellRoutes(parts), buyRoutes(parts));
  return router;
}
