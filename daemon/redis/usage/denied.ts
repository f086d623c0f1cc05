import { type DeniedSubject, MOST_DENIED } from '../../quota/denied';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import type { Database } from '../nodes';
import { pairs } from '../pairs';

const US_PER_MS = 1000;

/** When each subject was denied, in microseconds: by policy, then by subject, the latest last. */
export type LatestDenials = Map<string, Map<string, number>>;

/** Notes a denial until the next delivery, for at most as many subjects as the store keeps. */
export function noteLatest(
  latest: LatestDenials,
  policy: string,
  { subject, atUs }: { subject: string; atUs: number },
): void {
  const subjects = latest.get(policy) ?? new Map<string, number>();
  latest.set(policy, subjects);
  subjects.delete(subject);
  subjects.set(subject, atUs);
  const [oldest] = subjects.keys();
  if (subjects.size > MOST_DENIED && oldest !== undefined) subjects.delete(oldest);
}

/** The subjects that a policy denied recently, the latest first. Throws `StoreUnavailable`. */
export async function listDenied(
  { redis, keys, partitions }: { redis: Database; keys: Keys; partitions: number },
  { policy, count }: { policy: string; count: number },
): Promise<DeniedSubject[]> {
  const most = Math.min(count, MOST_DENIED);
  const lists = await Promise.all(
    Array.from({ length: partitions }, (_, partition) =>
      redis.zrange(keys.usage(partition).denied(policy), '0', String(most - 1), 'REV', 'WITHSCORES'),
    ),
  ).catch((error: unknown) => {
    throw translateFailure(error);
  });
  return lists
    .flatMap((flat) => pairs(flat).map(([subject, us]) => ({ subject, atUs: Number(us) })))
    .sort((a, b) => b.atUs - a.atUs)
    .slice(0, most)
    .map(({ subject, atUs }) => ({ subject, denyTimeMs: Math.floor(atUs / US_PER_MS) }));
}
