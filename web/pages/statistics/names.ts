import type { Users } from '../../accounts/users';
import type { Stats } from '../../quota/client';

/** The full names of subjects; one that is no account of ours is missing. */
export type Names = ReadonlyMap<string, string>;

/** Looks up every user that the statistics name. */
export async function readNames(users: Users, stats: Stats): Promise<Names> {
  const subjects = [...stats.recentUsers, ...stats.topUsers, ...stats.leastActiveUsers].map(
    ({ subject }) => subject,
  );
  // Other applications may count subjects that are no account of ours.
  const ids = [...new Set(subjects)].map(Number).filter((id) => Number.isSafeInteger(id) && id > 0);
  const found = await users.findByIds(ids);
  return new Map(found.map(({ id, firstName, lastName }) => [String(id), `${firstName} ${lastName}`]));
}
