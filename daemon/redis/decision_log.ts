import type { Redis } from 'ioredis';
import type { PastRequest } from '../quota/simulation';
import { translateFailure } from './failures';
import type { Keys } from './keys';

/** Entries that one round trip reads. */
const PAGE_SIZE = 1000;

/** The decisions since a moment, one partition after the other, so each subject's in the order of time. */
export async function* readDecisions(
  { redis, keys, partitions }: { redis: Redis; keys: Keys; partitions: number },
  sinceMs: number,
): AsyncGenerator<PastRequest> {
  for (let partition = 0; partition < partitions; partition += 1) {
    yield* readPartition(redis, keys.decisions(partition), sinceMs);
  }
}

async function* readPartition(redis: Redis, key: string, sinceMs: number): AsyncGenerator<PastRequest> {
  let from = String(sinceMs);
  for (;;) {
    const page = await redis.xrange(key, from, '+', 'COUNT', PAGE_SIZE).catch((error) => {
      throw translateFailure(error);
    });
    for (const [id, fields] of page) yield toPastRequest(id, fields);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_SIZE) return;
    from = `(${last[0]}`;
  }
}

/** `admit.lua` writes the fields in this order, each after its name. */
function toPastRequest(id: string, fields: readonly string[]): PastRequest {
  const [, subject = '', , policy = '', , cost = '', , verdict] = fields;
  return {
    subject,
    policy,
    cost: Number(cost),
    timeMs: Number(id.split('-')[0]),
    admitted: verdict === 'admitted',
  };
}
