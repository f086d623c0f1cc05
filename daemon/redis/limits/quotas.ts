import type { Redis } from 'ioredis';
import type { LimitStatus } from '../../quota/admission';
import type { Policy } from '../../quota/policies';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import type { Encoder } from './encoder';
import { readStatuses } from './statuses';

interface Database {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly encoder: Encoder;
}

/** Where a subject stands with a policy. Takes nothing. */
export async function readQuota(
  { redis, keys, encoder }: Database,
  subject: string,
  policy: Policy,
): Promise<LimitStatus[]> {
  const { text, keysOf } = encoder.encode(policy);
  const reply = await callFunction(redis, 'read_quota', {
    keys: [keys.overrides(keys.partitionOf(subject)), ...keysOf(subject)],
    args: [subject, text],
  });
  return readStatuses(policy, reply as number[]);
}

/** Gives back what a subject has taken from the policies, all at once; how many limits had something taken. */
export async function resetQuota(
  { redis, encoder }: Omit<Database, 'keys'>,
  subject: string,
  policies: readonly Policy[],
): Promise<number> {
  const encoded = policies.map(encoder.encode);
  const count = await callFunction(redis, 'reset_quota', {
    keys: encoded.flatMap(({ keysOf }) => keysOf(subject)),
    args: encoded.map(({ text }) => text),
  });
  return Number(count);
}
