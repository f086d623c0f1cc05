import type { StudentActivity } from '../../accounts/service_calls';
import type { Users } from '../../accounts/users';
import type { QuotaClient, Stats } from '../../quota/client';
import { type Names, readNames } from './names';

/** Three days, as the panel beside it counts. */
const HOUR_COUNT = 72;

const LEAST_COUNT = 10;

/** What a board is made of. */
export type Reading = { stats: Stats; leastActive: StudentActivity[]; names: Names };

/** Where readings come from. */
export type Sources = { quota: QuotaClient; users: Users };

/** Reads the statistics, and the names in them. Throws QuotaUnavailable, or what the database throws. */
export async function readStatistics({ quota, users }: Sources): Promise<Reading> {
  const [stats, leastActive] = await Promise.all([
    quota.stats({ hourCount: HOUR_COUNT }),
    users.leastActive(LEAST_COUNT),
  ]);
  return { stats, leastActive, names: await readNames(users, { stats, leastActive }) };
}

/** Whether two readings make the same board, but for the time on it. */
export function isSameReading(one: Reading, other: Reading): boolean {
  return contentsOf(one) === contentsOf(other);
}

function contentsOf({ stats: { readTime, ...figures }, leastActive, names }: Reading): string {
  return JSON.stringify([figures, leastActive, [...names].sort()]);
}
