import { pino } from 'pino';
import { createKeys } from '../../daemon/redis/keys';
import { createRedisStore } from '../../daemon/redis/store';
import { describeQuotaStore } from '../helpers/conformance/quota_store';
import type { StoreFactory } from '../helpers/conformance/store_factory';
import { openRedisSpace } from '../helpers/redis';

function redisStore(options: { partitions: number; isCachingDenials: boolean }): StoreFactory {
  return async ({ policies, windowsMs }) => {
    const space = openRedisSpace();
    const store = createRedisStore({
      ...options,
      redis: space.admissions,
      calls: space.calls,
      keys: createKeys({ prefix: space.prefix, partitions: options.partitions }),
      policies: () => policies,
      windowsMs: () => windowsMs,
      logger: pino({ level: 'silent' }),
    });
    await store.open();
    return {
      store,
      decided: store.decided,
      async close() {
        await store.settle();
        await space.close();
      },
    };
  };
}

describeQuotaStore('a Redis store', redisStore({ partitions: 1, isCachingDenials: false }));
describeQuotaStore(
  'a Redis store of three partitions',
  redisStore({ partitions: 3, isCachingDenials: false }),
);
