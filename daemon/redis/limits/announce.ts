import type { Redis } from 'ioredis';
import type { Policy } from '../../quota/policies';
import { retainMs } from '../../quota/policy_bounds';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import { pack } from '../packing';

const US_PER_MS = 1000;

/**
 * Announces how long this daemon needs each policy's takings, so that no daemon with a shorter window removes what it
 * still counts. Must be repeated well within ten minutes: see `scripts/lib/control.lua`.
 */
export async function announceRetention(
  { redis, keys, partitions }: { redis: Redis; keys: Keys; partitions: number },
  policies: Iterable<Policy>,
): Promise<void> {
  const announced = pack([...policies].map((policy) => [policy.name, retainMs(policy) * US_PER_MS]));
  for (let partition = 0; partition < partitions; partition += 1) {
    await callFunction(redis, 'announce', { keys: [keys.control(partition)], args: [announced] });
  }
}
