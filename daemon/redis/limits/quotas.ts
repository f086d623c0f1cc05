import type { LimitStatus } from '../../quota/admission';
import type { Policy } from '../../quota/policies';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import type { Database } from '../nodes';
import type { Encoder } from './encoder';
import { readStatuses } from './statuses';

interface Place {
  readonly redis: Database;
  readonly keys: Keys;
  readonly encoder: Encoder;
}

/** Reads the state of a subject's limits under a policy. Takes nothing. */
export async function readQuota(
  { redis, keys, encoder }: Place,
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

/** Gives back everything that a subject took from the policies. Returns how many limits that affected. */
export async function resetQuota(
  { redis, encoder }: Omit<Place, 'keys'>,
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
