import { Router } from 'express';
import { currentUser } from '../../accounts/current_user';
import type { Users } from '../../accounts/users';
import type { QuotaClient, Stats } from '../../quota/client';
import { QuotaUnavailable } from '../../quota/unavailable';
import type { SendPage } from '../view';
import { type NameOf, toFigures } from './figures';

type Parts = { users: Users; quota: QuotaClient; sendPage: SendPage };

/** GET /: what the site is, who is logged in, and the statistics. */
export function homeRoutes({ users, quota, sendPage }: Parts): Router {
  const router = Router();
  router.get('/', async (req, res) => {
    const stats = await readStats(quota);
    const isStaff = currentUser(res)?.role === 'staff';
    const nameOf = stats && isStaff ? await readNames(users, stats) : anonymous;
    sendPage(req, res, {
      view: 'home/home',
      title: 'Home',
      data: { figures: stats && toFigures(stats, nameOf) },
    });
  });
  return router;
}

/** The statistics; undefined where the daemon is out of reach, for which the home page need not fail. */
async function readStats(quota: QuotaClient): Promise<Stats | undefined> {
  try {
    return await quota.stats();
  } catch (error) {
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

const anonymous: NameOf = () => 'a student';

async function readNames(users: Users, stats: Stats): Promise<NameOf> {
  const subjects = [...stats.recentUsers, ...stats.topUsers, ...stats.leastActiveUsers].map(
    ({ subject }) => subject,
  );
  // Other applications may count subjects that are no account of ours.
  const ids = [...new Set(subjects)].map(Number).filter((id) => Number.isSafeInteger(id) && id > 0);
  const found = await users.findByIds(ids);
  const names = new Map(found.map(({ id, firstName, lastName }) => [String(id), `${firstName} ${lastName}`]));
  return (subject) => names.get(subject) ?? `no account of ours (${subject})`;
}
