import type { Redis } from 'ioredis';
import type { LimitStatus } from '../../quota/admission';
import type { Policy } from '../../quota/policies';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import { unpack } from '../packing';
import { encodePolicy, subjectKeys } from './encoded_policy';
import { readStatuses } from './statuses';

interface Database {
  readonly redis: Redis;
  readonly keys: Keys;
}

/** Where a subject stands with a policy. Takes nothing. */
export async function readQuota(
  { redis, keys }: Database,
  subject: string,
  policy: Policy,
): Promise<LimitStatus[]> {
  const reply = await callFunction(redis, 'read_quota', {
    keys: [keys.overrides(keys.partitionOf(subject)), ...subjectKeys(keys, policy, subject)],
    args: [subject, encodePolicy(policy)],
  });
  return readStatuses(policy, unpack(reply as Buffer) as number[]);
}

/** Gives back what a subject has taken from the policies, all at once; how many limits had something taken. */
export async function resetQuota(
  { redis, keys }: Database,
  subject: string,
  policies: readonly Policy[],
): Promise<number> {
  const count = await callFunction(redis, 'reset_quota', {
    keys: policies.flatMap((policy) => subjectKeys(keys, policy, subject)),
    args: policies.map(encodePolicy),
  });
  return Number(count);
}
