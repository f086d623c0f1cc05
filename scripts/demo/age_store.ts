import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { readPartitions } from '../../daemon/redis/claims';
import { createKeys, type Keys } from '../../daemon/redis/keys';

const SCRIPT = readFileSync(join(__dirname, 'age.lua'), 'utf8');

/** The database in which `npm start` keeps the calls. */
const CALLS_DATABASE = 1;

/** The policy of the shipped file that decides on logins. */
const CONNECTIONS = 'connection';

/** The daemon's memory, as the demonstration sees it: database 0 of a Redis of our own. */
export interface Store {
  readonly redis: Redis;
  readonly keyPrefix: string;
}

/** Moves everything that the daemon has written into the past, at once and in both databases, as if time had passed. */
export async function ageStore({ redis, keyPrefix }: Store, shiftMs: number): Promise<void> {
  const pattern = `${keyPrefix.replaceAll(/[\\*?[\]]/g, '\\$&')}*`;
  await redis.eval(SCRIPT, 0, shiftMs, keyPrefix, pattern, CALLS_DATABASE);
}

/** How many entries the daemon's logs hold. */
export async function countDecisions(store: Store): Promise<number> {
  const { keys, partitions } = await keysOf(store);
  const counts = await Promise.all(partitions.map((partition) => countEntries(store.redis, keys, partition)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function countEntries(redis: Redis, keys: Keys, partition: number): Promise<number> {
  const logs = [keys.admissions(partition, '*'), keys.denials(partition, '*')];
  const found = (await Promise.all(logs.map((pattern) => redis.keys(pattern)))).flat();
  const lengths = await Promise.all(found.map((key) => redis.xlen(key)));
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** Whether the last one to be admitted by the policy of connections is that subject. */
export async function isLastToConnect(store: Store, subject: string): Promise<boolean> {
  const { keys } = await keysOf(store);
  const log = keys.admissions(keys.partitionOf(subject), CONNECTIONS);
  const [last] = await store.redis.xrevrange(log, '+', '-', 'COUNT', 1);
  return last?.[1].at(-2) === subject;
}

async function keysOf({ redis, keyPrefix: prefix }: Store): Promise<{ keys: Keys; partitions: number[] }> {
  const count = (await readPartitions(redis, prefix)) ?? 1;
  return {
    keys: createKeys({ prefix, partitions: count }),
    partitions: Array.from({ length: count }, (_, partition) => partition),
  };
}
