import { createAsking } from './cluster_asking';
import type { OwnRedis } from './redis';
import { PLAIN } from './redis_security';

/** The replies by which servers of a Cluster have sent callers elsewhere, or rejected a command for several slots, so far. */
export async function redirectionsOf(servers: readonly OwnRedis[]): Promise<string[]> {
  const { ask } = createAsking(PLAIN);
  const stats = await Promise.all(servers.map((server) => ask(server, (redis) => redis.info('errorstats'))));
  return stats.flatMap((text) => text.match(/^errorstat_(MOVED|ASK|CROSSSLOT|TRYAGAIN):.*/gm) ?? []);
}
