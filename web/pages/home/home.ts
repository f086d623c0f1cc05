import { type Response, Router } from 'express';
import { currentUser } from '../../accounts/current_user';
import { translatorOf } from '../../i18n/translator';
import type { Market } from '../../market/market';
import type { QuotaClient } from '../../quota/client';
import { POLICIES } from '../../quota_names';
import { shareAnswer } from '../../shared_answer';
import { meterOf } from '../quota/read_meter';
import type { SendPage } from '../view';
import { orUndefined, readTotalsOf } from './totals';
import { HomeView } from './view';

/** One row of articles. */
const NEWEST_SHOWN = 3;

/** The greatest age of what is the same for everybody. */
const SHARED_MS = 1_000;

type Parts = { market: Market; quota: QuotaClient; sendPage: SendPage };

/** GET /: what the site is, what is new, and what happens there, without a name. */
export function homeRoutes({ market, quota, sendPage }: Parts): Router {
  const router = Router();
  const readMarket = shareAnswer({ keptMs: SHARED_MS, read: () => readFront(market) });
  const readTotals = shareAnswer({ keptMs: SHARED_MS, read: () => readTotalsOf(quota) });
  router.get('/', async (req, res) => {
    const [front, totals, own] = await Promise.all([
      readMarket(),
      orUndefined(readTotals()),
      readOwn(quota, res),
    ]);
    const data = { ...front, ...own, totals };
    sendPage(req, res, { view: HomeView, title: translatorOf(res).t('home.title'), data });
  });
  return router;
}

/** What is the same for everybody. */
async function readFront(market: Market) {
  const [newest, forSale] = await Promise.all([
    market.forSale({ filters: {}, sort: 'newest' }),
    market.countForSale({}),
  ]);
  return { articles: newest.articles.slice(0, NEWEST_SHOWN), forSale };
}

/** The reader's own numbers and meter, in one request; undefined for a visitor, or if the daemon is unreachable. */
async function readOwn(quota: QuotaClient, res: Response) {
  const user = currentUser(res);
  const asked =
    user && orUndefined(quota.standing({ subject: String(user.id), policy: POLICIES.serviceCall }));
  const standing = await asked;
  return { own: standing?.own, meter: standing && meterOf(standing.limits, translatorOf(res)) };
}
