import type { StudentActivity } from '../../accounts/service_calls';
import type { Users } from '../../accounts/users';
import type { QuotaClient, Stats } from '../../quota/client';
import { type Names, readNames } from './names';
import type { Range } from './range';

const LEAST_COUNT = 10;

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The data of a board. */
export type Reading = { stats: Stats; leastActive: StudentActivity[]; names: Names };

/** The sources of readings. */
export type Sources = { quota: QuotaClient; users: Users };

/** Reads the statistics of a range, and the names in them. Throws QuotaUnavailable, or what the database throws. */
export async function readStatistics(
  { quota, users }: Sources,
  { hourCount, topDays }: Range,
): Promise<Reading> {
  const [stats, leastActive] = await Promise.all([
    quota.stats({ hourCount, topWindowMs: topDays * DAY_MS }),
    users.leastActive(LEAST_COUNT),
  ]);
  return { stats, leastActive, names: await readNames(users, { stats, leastActive }) };
}

/** Whether two readings make the same board, except for its time. */
export function isSameReading(one: Reading, other: Reading): boolean {
  return contentsOf(one) === contentsOf(other);
}

function contentsOf({ stats: { readTime, ...figures }, leastActive, names }: Reading): string {
  return JSON.stringify([figures, leastActive, [...names].sort()]);
}
