import { randomUUID } from 'node:crypto';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import type { Database } from '../nodes';

/** The field for all partitions together. */
const LATEST = 'latest';

interface Place {
  readonly redis: Database;
  readonly keys: Keys;
}

/**
 * Announces that an erasure is about to begin in a partition. Throws `StoreUnavailable`; then none may begin. A mark is
 * new each time, so it is noticed even if a failover has lost earlier ones, and no clock matters.
 */
export async function announceErasure({ redis, keys }: Place, partition: number): Promise<void> {
  await callFunction(redis, 'announce_erasure', {
    keys: [keys.announcedErasures],
    args: [partition, randomUUID()],
  });
}

/** Reads which partitions have had an announcement since it was last asked. */
export interface Announcements {
  /** The partitions; all of those that were ever announced at the first time. Throws `StoreUnavailable`. */
  readNew(): Promise<readonly number[]>;
}

export function createAnnouncements({ redis, keys }: Place): Announcements {
  let latest: string | null = null;
  let known: Readonly<Record<string, string>> = {};

  return {
    async readNew() {
      const mark = await redis.hget(keys.announcedErasures, LATEST).catch(fail);
      if (mark === latest) return [];
      const { [LATEST]: read = null, ...marks } = await redis.hgetall(keys.announcedErasures).catch(fail);
      const fresh = Object.keys(marks).filter((partition) => marks[partition] !== known[partition]);
      latest = read;
      known = marks;
      return fresh.map(Number);
    },
  };
}

function fail(error: unknown): never {
  throw translateFailure(error);
}
