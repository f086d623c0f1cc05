import type { Redis } from 'ioredis';
import type { LimitStatus } from '../quota/admission';
import type { Policy } from '../quota/policies';
import { translateFailure } from './failures';
import type { Keys } from './keys';
import { LIMIT_PIECES, limitArguments, limitKeys, readStatuses, type StatusReply } from './limit_arguments';
import { loadScript, runScript } from './scripts';

const readQuotaScript = loadScript('read_quota', { uses: LIMIT_PIECES });

/** Where a subject stands with a policy. */
export async function readQuota(
  { redis, keys }: { redis: Redis; keys: Keys },
  subject: string,
  policy: Policy,
): Promise<LimitStatus[]> {
  const [statuses, nextDelaysUs] = (await runScript(redis, readQuotaScript, {
    keys: [keys.overrides(keys.partitionOf(subject)), ...limitKeys(keys, policy, subject)],
    args: [subject, policy.name, ...limitArguments(policy)],
  })) as [statuses: StatusReply, nextDelaysUs: number[]];
  return readStatuses(statuses, nextDelaysUs);
}

/** Forgets what a subject has taken from the policies' limits, all at once; how many limits that was. */
export async function resetQuota(
  { redis, keys }: { redis: Redis; keys: Keys },
  subject: string,
  policies: readonly Policy[],
): Promise<number> {
  try {
    return await redis.del(...policies.flatMap((policy) => limitKeys(keys, policy, subject)));
  } catch (error) {
    throw translateFailure(error);
  }
}
