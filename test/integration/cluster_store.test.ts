import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { pino } from 'pino';
import { firstAttempt, openDatabase } from '../../daemon/redis/client';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createCallsKeys, createKeys } from '../../daemon/redis/keys';
import { createRedisStore } from '../../daemon/redis/store';
import { type OwnCluster, startCluster } from '../helpers/cluster';
import { describeQuotaStore } from '../helpers/conformance/quota_store';
import type { StoreFactory } from '../helpers/conformance/store_factory';

const PARTITIONS = 8;

let cluster: OwnCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** Each with a key prefix of its own. */
function clusterStore(partitions: number): StoreFactory {
  return async ({ policies, windowsMs }) => {
    const logger = pino({ level: 'silent' });
    const open = (name: string) => openDatabase({ url: cluster.url, name, logger });
    const databases = { redis: open('admissions'), calls: open('calls') };
    await Promise.all(Object.values(databases).map(firstAttempt));
    const layout = { prefix: `test-${randomUUID()}:`, partitions, tags: spreadTags(partitions) };
    const store = createRedisStore({
      ...databases,
      keys: createKeys(layout),
      callsKeys: createCallsKeys({ ...layout, isClustered: true }),
      partitions,
      policies: () => policies,
      windowsMs: () => windowsMs,
      logger,
    });
    await store.open();
    return {
      store,
      decided: store.decided,
      async close() {
        await store.settle();
        for (const database of Object.values(databases)) database.disconnect();
      },
    };
  };
}

describeQuotaStore(`a store of ${PARTITIONS} partitions on a Cluster`, clusterStore(PARTITIONS));
describeQuotaStore('a store of one partition on a Cluster', clusterStore(1));
