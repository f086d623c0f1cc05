import { Router } from 'express';
import { type UserRequest, withUser } from '../../accounts/current_user';
import { translatorOf } from '../../i18n/translator';
import { MeterSection } from '../quota/meter';
import { buyRoutes } from './buy';
import { readCallMeter, type ServicesParts } from './call';
import { sellRoutes } from './sell';
import { ServicesView } from './view';

/** GET /services, the reader's own articles; the meter; and the two services. */
export function servicesRoutes(parts: ServicesParts): Router {
  const router = Router();
  router.get(
    '/services',
    withUser((asked) => sendServices(parts, asked)),
  );
  // A part of a page, for the script that keeps it up to date.
  router.get(
    '/services/quota',
    withUser((asked) => sendMeter(parts, asked)),
  );
  router.use(sellRoutes(parts), buyRoutes(parts));
  return router;
}

async function sendServices(parts: ServicesParts, asked: UserRequest): Promise<void> {
  const { market, users, sendPage } = parts;
  const { user, req, res } = asked;
  const { t } = translatorOf(res);
  const cursors = { mine: String(req.query.mine ?? ''), purchases: String(req.query.page ?? '') };
  const [meter, mine, purchases] = await Promise.all([
    readCallMeter(parts, asked),
    market.ofSeller({ userId: user.id, cursor: cursors.mine }),
    market.ofBuyer({ userId: user.id, cursor: cursors.purchases }),
  ]);
  const { unseenSales } = user;
  const isWithdrawn = req.query.done === 'withdrawn';
  // This page shows them, so the count starts again.
  if (unseenSales > 0) {
    await users.forgetUnseenSales({ id: user.id, count: unseenSales });
    res.locals.user = { ...user, unseenSales: 0 };
  }
  const data = { meter, mine, purchases, cursors, unseenSales, isWithdrawn };
  sendPage(req, res, { view: ServicesView, title: t('services.title'), data });
}

async function sendMeter(parts: ServicesParts, asked: UserRequest): Promise<void> {
  const { req, res } = asked;
  const meter = await readCallMeter(parts, asked);
  const title = translatorOf(res).t('quota.title');
  parts.sendPage(req, res, { view: MeterSection, title, data: { meter }, isPart: true });
}
