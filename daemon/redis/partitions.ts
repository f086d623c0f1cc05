import type { Redis } from 'ioredis';
import { translateFailure } from './failures';
import type { Keys } from './keys';

/** The store holds another number of partitions: with this one, subjects would be looked for in the wrong place. */
export class PartitionsMismatch extends Error {
  override readonly name = 'PartitionsMismatch';
  constructor({ configured, kept }: { configured: number; kept: number }) {
    super(
      `QUOTA_PARTITIONS is ${configured}, but this store was started with ${kept}, and keeps that number`,
    );
  }
}

/** Fixes the number of partitions at the first start. Throws `PartitionsMismatch` where it was fixed otherwise. */
export async function claimPartitions(redis: Redis, keys: Keys, configured: number): Promise<void> {
  const kept = await keptPartitions(redis, keys, configured);
  if (kept !== configured) throw new PartitionsMismatch({ configured, kept });
}

async function keptPartitions(redis: Redis, keys: Keys, configured: number): Promise<number> {
  try {
    await redis.set(keys.partitions, configured, 'NX');
    return Number(await redis.get(keys.partitions));
  } catch (error) {
    throw translateFailure(error);
  }
}
