import { type Response, Router } from 'express';
import { currentUser } from '../../accounts/current_user';
import type { User } from '../../accounts/users';
import { translatorOf } from '../../i18n/translator';
import type { Market } from '../../market/market';
import type { QuotaClient, Stats } from '../../quota/client';
import { QuotaUnavailable } from '../../quota/unavailable';
import { readMeter } from '../quota/meter';
import { SERVICE_CALL_POLICY } from '../services/call';
import { marketLabels } from '../services/labels';
import type { SendPage } from '../view';

/** One row of articles. */
const NEWEST_SHOWN = 3;

const HOURS_TOLD = 72;

const CONNECTION_POLICY = 'connection';

type Parts = { market: Market; quota: QuotaClient; sendPage: SendPage };

/** GET /: what the site is, what is new, and what happens there, without a name. */
export function homeRoutes({ market, quota, sendPage }: Parts): Router {
  const router = Router();
  router.get('/', async (req, res) => {
    const translator = translatorOf(res);
    const [newest, forSale, totals, meter] = await Promise.all([
      market.forSale({ filters: {}, sort: 'newest' }),
      market.countForSale({}),
      readTotals(quota, currentUser(res)),
      readOwnMeter(quota, res),
    ]);
    const articles = newest.articles.slice(0, NEWEST_SHOWN);
    const data = { articles, forSale, totals, meter, labels: marketLabels(translator) };
    sendPage(req, res, { view: 'home/home', title: translator.t('home.title'), data });
  });
  return router;
}

function readOwnMeter(quota: QuotaClient, res: Response) {
  const user = currentUser(res);
  if (user === undefined) return undefined;
  const translator = translatorOf(res);
  return readMeter({ quota, subject: String(user.id), policy: SERVICE_CALL_POLICY, translator });
}

/** Calls of each service, logins of the last three days, and the reader's own of both. */
type Totals = { calls: ReadonlyMap<string, number>; connections: number; own: Stats['own'] };

/** Undefined where the daemon is out of reach, for which the home page need not fail. */
async function readTotals(quota: QuotaClient, user: User | undefined): Promise<Totals | undefined> {
  try {
    const own = user && { subject: String(user.id) };
    return toTotals(await quota.stats({ hourCount: HOURS_TOLD, ...own }));
  } catch (error) {
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

function toTotals({ services, hours, own }: Stats): Totals {
  const connections = hours
    .flatMap(({ policies }) => policies)
    .filter(({ policy }) => policy === CONNECTION_POLICY)
    .reduce((sum, { admitted }) => sum + admitted, 0);
  const calls = new Map(services.map(({ service, callCount }) => [service, callCount]));
  return { calls, connections, own };
}
