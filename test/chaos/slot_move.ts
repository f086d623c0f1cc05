import { Redis } from 'ioredis';
import type { OwnCluster } from '../helpers/cluster';
import type { OwnRedis } from '../helpers/redis';

const MIGRATE_TIMEOUT_MS = 60_000;

export interface SlotMove {
  readonly slot: number;
  readonly from: OwnRedis;
  readonly to: OwnRedis;
  /** How many keys go at once. */
  readonly pipeline: number;
}

/** Moves a slot, in the order of `redis-cli --cluster reshard`. */
export async function moveSlot(
  { servers, idOf }: OwnCluster,
  { slot, from, to, pipeline }: SlotMove,
): Promise<void> {
  const [fromId, toId] = await Promise.all([idOf(from), idOf(to)]);
  const setSlot = (server: OwnRedis, ...words: readonly string[]) =>
    asking(server, (redis) => redis.call('CLUSTER', 'SETSLOT', slot, ...words));
  await setSlot(to, 'IMPORTING', fromId);
  await setSlot(from, 'MIGRATING', toId);
  await asking(from, async (redis) => {
    const next = () => redis.call('CLUSTER', 'GETKEYSINSLOT', slot, pipeline) as Promise<string[]>;
    for (let moved = await next(); moved.length > 0; moved = await next())
      await redis.call('MIGRATE', to.host, to.port, '', 0, MIGRATE_TIMEOUT_MS, 'KEYS', ...moved);
  });
  const others = servers.filter((each) => each !== to && each !== from);
  for (const server of [to, from, ...others]) await setSlot(server, 'NODE', toId);
}

export async function asking<T>({ host, port }: OwnRedis, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ host, port });
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** The longest time without an answer between two moments. */
export function longestGap(momentsMs: readonly number[], fromMs: number, toMs = performance.now()): number {
  const inside = [fromMs, ...momentsMs.filter((each) => each > fromMs && each < toMs), toMs];
  return Math.max(...inside.slice(1).map((each, at) => each - (inside[at] ?? each)));
}
