import { Redis } from 'ioredis';
import { createKeys } from '../../daemon/redis/keys';
import { say } from '../console/terminal';

/** A daemon of the first schema kept its bare number of partitions as the claim of a store; later ones keep the name of their schema. */
const FIRST_SCHEMA = /^\d+$/;

/** Admissions and calls, each with a claim of its own. */
const DATABASES = [0, 1] as const;

/**
 * Empties a private Redis that an earlier version wrote in the first schema, which the daemon of this one refuses to read:
 * what is there is a demonstration's. Answers whether it did. Never call it for a server that the environment names.
 */
export async function emptyOldSchema(url: string, { keyPrefix }: { keyPrefix: string }): Promise<boolean> {
  const { schema: key } = createKeys({ prefix: keyPrefix, partitions: 1 });
  const claims = await Promise.all(DATABASES.map((db) => read({ url, db, key })));
  if (!claims.some((claim) => claim !== null && FIRST_SCHEMA.test(claim))) return false;
  say('The private Redis holds data of an older version, which this one cannot read: emptying it …');
  await withRedis({ url, db: 0 }, (redis) => redis.flushall());
  return true;
}

function read({ url, db, key }: { url: string; db: number; key: string }): Promise<string | null> {
  return withRedis({ url, db }, (redis) => redis.get(key));
}

async function withRedis<T>(
  { url, db }: { url: string; db: number },
  work: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis(url, { db, retryStrategy: () => null });
  // Reported once, by the command that fails.
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
