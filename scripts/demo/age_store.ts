import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { DEFAULT_TOP_WINDOW_MS } from '../../daemon/quota/usage';
import { readPartitions } from '../../daemon/redis/claims';
import { createKeys, type Keys } from '../../daemon/redis/keys';
import { IDLE_WINDOW_KEPT_MS } from '../../daemon/redis/retention';

const SCRIPT = readFileSync(join(__dirname, 'age.lua'), 'utf8');

/** Where `npm start` puts the calls. */
const CALLS_DATABASE = 1;

/** The daemon's memory, as the demonstration sees it: database 0 of a Redis of our own. */
export interface Store {
  readonly redis: Redis;
  readonly keyPrefix: string;
}

/** Moves everything that the daemon has written into the past, at once and in both databases, as if time had passed. */
export async function ageStore({ redis, keyPrefix }: Store, shiftMs: number): Promise<void> {
  // Their counts are not moved: they must go.
  if (shiftMs <= IDLE_WINDOW_KEPT_MS) throw new RangeError(`${shiftMs} ms are too few`);
  const { keys, partitions } = await keysOf({ redis, keyPrefix });
  const aged = partitions.flatMap((partition) => agedKeys(keys, partition));
  // A limit's key, as far as all limits' keys are alike.
  const [limitsBegin = ''] = keys.taken('', '').split('{');
  const pattern = `${keyPrefix.replaceAll(/[\\*?[\]]/g, '\\$&')}*`;
  await redis.eval(SCRIPT, aged.length, ...aged, shiftMs, pattern, limitsBegin, CALLS_DATABASE);
}

/** How many decisions the daemon remembers. */
export async function countDecisions(store: Store): Promise<number> {
  const { keys, partitions } = await keysOf(store);
  const counts = await Promise.all(
    partitions.map((partition) => store.redis.xlen(keys.decisions(partition))),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Whether the daemon's last connection is that of the subject. */
export async function isLastToConnect(store: Store, subject: string): Promise<boolean> {
  const { keys } = await keysOf(store);
  const { log } = keys.connections(keys.partitionOf(subject));
  const [last] = await store.redis.xrevrange(log, '+', '-', 'COUNT', 1);
  return last?.[1][1] === subject;
}

async function keysOf({ redis, keyPrefix: prefix }: Store): Promise<{ keys: Keys; partitions: number[] }> {
  const count = (await readPartitions(redis, prefix)) ?? 1;
  return {
    keys: createKeys({ prefix, partitions: count }),
    partitions: Array.from({ length: count }, (_, partition) => partition),
  };
}

/** In the order of `age.lua`. */
function agedKeys(keys: Keys, partition: number): string[] {
  const { log, recent, progress } = keys.connections(partition);
  const decisions = [keys.decisions(partition), keys.decisionsByHour(partition)];
  return [...decisions, log, recent, progress(DEFAULT_TOP_WINDOW_MS), keys.calls(partition).log];
}
