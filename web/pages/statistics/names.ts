import type { StudentActivity } from '../../accounts/service_calls';
import type { Users } from '../../accounts/users';
import type { Stats } from '../../quota/client';

/** The full names of subjects; one without an account on the site is missing. */
export type Names = ReadonlyMap<string, string>;

/** Looks up every user that the statistics name. */
export async function readNames(
  users: Users,
  { stats, leastActive }: { stats: Stats; leastActive: readonly StudentActivity[] },
): Promise<Names> {
  const subjects = [...stats.recentUsers, ...stats.topUsers].map(({ subject }) => subject);
  // Other applications may count subjects without an account on the site.
  const known = subjects.map(Number).filter((id) => Number.isSafeInteger(id) && id > 0);
  const ids = [...new Set([...known, ...leastActive.map(({ id }) => id)])];
  const found = await users.findByIds(ids);
  return new Map(found.map(({ id, firstName, lastName }) => [String(id), `${firstName} ${lastName}`]));
}
