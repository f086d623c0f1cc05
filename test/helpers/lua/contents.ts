import type { Redis } from 'ioredis';

/** Times to live are noted in steps: real time passes meanwhile. */
const TTL_STEP_MS = 8000;

/** What a part of the battery leaves behind, and the next one does not need. */
const LEFT = /^(taken|bucket|shadow|admissions|usage|calls|requests|denials)/;

/** All that Redis holds. */
export async function contentsOf(redis: Redis): Promise<unknown> {
  const keys = (await redis.keys('*')).sort();
  const types = await Promise.all(keys.map((key) => redis.type(key)));
  return Promise.all(keys.map((key, at) => contentOf(redis, key, types[at])));
}

export async function clear(redis: Redis): Promise<void> {
  const left = (await redis.keys('*')).filter((key) => LEFT.test(key));
  if (left.length > 0) await redis.del(...left);
}

async function contentOf(redis: Redis, key: string, type: string | undefined): Promise<unknown> {
  const ttl = redis.pttl(key).then((ms) => Math.ceil(ms / TTL_STEP_MS));
  if (type === 'zset') {
    const parts = await redis.zrangeBuffer(key, '0', '-1', 'WITHSCORES');
    return [key, await ttl, parts.map((part) => part.toString('latin1'))];
  }
  if (type === 'hash') return [key, await ttl, Object.entries(await redis.hgetall(key)).sort()];
  if (type === 'stream') return [key, await ttl, await redis.xrange(key, '-', '+')];
  if (type === 'set') return [key, await ttl, (await redis.smembers(key)).sort()];
  return [key, await ttl, await redis.get(key)];
}
