import { type HourlyDecisions, lastHours } from '../../quota/usage';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import type { Database } from '../nodes';

const VERDICTS = ['admitted', 'denied', 'refunded'] as const;

/**
 * The decisions of the last hours, the oldest first, the hour of `readTimeMs` last. One round trip per partition, for
 * exactly the fields that are returned: the cost does not grow with the users or their activity. A week of three policies
 * is 1512 fields.
 */
export async function readHourlyDecisions(
  { redis, keys, partitions }: { redis: Database; keys: Keys; partitions: readonly number[] },
  { hourCount, policies, readTimeMs }: { hourCount: number; policies: readonly string[]; readTimeMs: number },
): Promise<HourlyDecisions[]> {
  if (hourCount === 0) return [];
  const hours = lastHours(hourCount, readTimeMs);
  const fields = hours.flatMap((hour) =>
    policies.flatMap((policy) => VERDICTS.map((verdict) => fieldOf(hour, policy, verdict))),
  );
  const hashes = partitions.map((partition) => keys.usage(partition).hours);
  const counts = await sumFields(redis, hashes, fields);
  const count = (hour: number, policy: string, verdict: Verdict) =>
    counts.get(fieldOf(hour, policy, verdict)) ?? 0;
  return hours.map((startTimeMs) => ({
    startTimeMs,
    policies: policies.map((policy) => ({
      policy,
      admittedCount: count(startTimeMs, policy, 'admitted'),
      deniedCount: count(startTimeMs, policy, 'denied'),
      refundedCount: count(startTimeMs, policy, 'refunded'),
    })),
  }));
}

type Verdict = (typeof VERDICTS)[number];

/** `scripts/usage/hours.lua` builds the same. */
function fieldOf(hour: number, policy: string, verdict: Verdict): string {
  return `${hour}:${policy}:${verdict}`;
}

/** The sum of each field over all hashes. */
async function sumFields(
  redis: Database,
  hashes: readonly string[],
  fields: readonly string[],
): Promise<Map<string, number>> {
  const parts = await Promise.all(hashes.map((hash) => redis.hmget(hash, ...fields))).catch((error) => {
    throw translateFailure(error);
  });
  return new Map(
    fields.map((field, at) => [field, parts.reduce((sum, part) => sum + Number(part[at] ?? 0), 0)]),
  );
}
