import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../quota/errors';
import type { QuotaStore } from '../quota/store';
import { admit } from './admissions';
import { readCalls, recordCall } from './calls';
import { readConnections } from './connections';
import { translateFailure } from './failures';
import { readHourlyDecisions } from './hourly_decisions';
import type { Keys } from './keys';
import { mergeUsage } from './merge';
import { createRegistrations, registerNewcomers } from './newcomers';
import { clearOverride, listOverrides, setOverride } from './overrides';
import { claimPartitions } from './partitions';
import { readQuota, resetQuota } from './quotas';

export interface RedisStoreOptions {
  /** Holds admissions. */
  readonly redis: Redis;
  /** Holds the calls of the services. */
  readonly calls: Redis;
  readonly keys: Keys;
  readonly partitions: number;
  readonly logger: Logger;
}

export interface RedisStore extends QuotaStore {
  /** Makes the store usable. Throws `StoreUnavailable` (try again) or `PartitionsMismatch` (never). */
  open(): Promise<void>;
  /** Resolves where both databases answer; throws `StoreUnavailable` where one does not. */
  ping(): Promise<void>;
  /** Waits for what decisions have left to do. */
  settle(): Promise<void>;
}

/** The memory of the service, on two Redis databases. */
export function createRedisStore({ redis, calls, keys, partitions, logger }: RedisStoreOptions): RedisStore {
  const databases = { redis, calls, keys };
  const allPartitions = Array.from({ length: partitions }, (_, partition) => partition);
  const registrations = createRegistrations((partition) => registerNewcomers(databases, partition), logger);
  let isOpen = false;

  function assertOpen(): void {
    if (!isOpen)
      throw new StoreUnavailable({ cause: new Error('the number of partitions is not confirmed yet') });
  }

  return {
    async open() {
      await claimPartitions(redis, keys, partitions);
      isOpen = true;
    },

    async ping() {
      await Promise.all([redis.ping(), calls.ping()]).catch((error) => {
        throw translateFailure(error);
      });
      assertOpen();
    },

    settle: () => registrations.settle(),

    async admit(admission, policy) {
      assertOpen();
      const { decision, mayBeNew } = await admit(databases, admission, policy);
      if (mayBeNew) registrations.start(keys.partitionOf(admission.subject));
      return decision;
    },

    async readQuota(subject, policy) {
      assertOpen();
      return readQuota(databases, subject, policy);
    },

    async resetQuota(subject, policies) {
      assertOpen();
      return resetQuota(databases, subject, policies);
    },

    async setOverride(override) {
      assertOpen();
      return setOverride(databases, override);
    },

    async clearOverride(target) {
      assertOpen();
      return clearOverride(databases, target);
    },

    async listOverrides(query) {
      assertOpen();
      return listOverrides({ ...databases, partitions }, query);
    },

    async recordCall(call) {
      assertOpen();
      return recordCall(databases, call);
    },

    async readUsage(query, policies) {
      assertOpen();
      const home = query.subject === undefined ? undefined : keys.partitionOf(query.subject);
      const parts = await Promise.all(
        allPartitions.map(async (partition) => {
          await registerNewcomers(databases, partition);
          // No other partition knows the subject, so none is asked.
          const subject = partition === home ? query.subject : undefined;
          const [connections, usage] = await Promise.all([
            readConnections(databases, partition, { ...query, subject }),
            readCalls(databases, { partition, leastCount: query.leastCount, subject }),
          ]);
          return { connections, ...usage };
        }),
      );
      const usage = mergeUsage(parts, query);
      const { hourCount } = query;
      const { readTimeMs } = usage;
      const hours = await readHourlyDecisions(
        { redis, keys, partitions: allPartitions },
        { hourCount, policies, readTimeMs },
      );
      return { ...usage, hours };
    },
  };
}
