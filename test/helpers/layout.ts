import { CLUSTER_PARTITIONS } from '../../daemon/config';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createCallsKeys, type Keys } from '../../daemon/redis/keys';
import { parseRedisUrl } from '../../environment/redis/address';
import type { RedisSpace } from './redis';

/** The keys under which a daemon records the calls, if it has as many partitions as by default. */
export function callsKeysOf({ url, prefix }: Pick<RedisSpace, 'url' | 'prefix'>): Keys {
  if (parseRedisUrl(url)?.kind !== 'cluster')
    return createCallsKeys({ prefix, partitions: 1, isClustered: false });
  const partitions = CLUSTER_PARTITIONS;
  return createCallsKeys({ prefix, partitions, tags: spreadTags(partitions), isClustered: true });
}
