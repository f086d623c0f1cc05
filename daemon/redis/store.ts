import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Policy } from '../quota/policies';
import type { QuotaStore } from '../quota/store';
import { readCalls, recordCall } from './calls';
import { readConnections } from './connections';
import { translateFailure } from './failures';
import { readHourlyDecisions } from './hourly_decisions';
import type { Keys } from './keys';
import { type AdmissionEvents, createAdmitting } from './limits/admitting';
import { createAnnouncer } from './limits/announce';
import { createEncoder } from './limits/encoder';
import { clearOverride, listOverrides, setOverride } from './limits/overrides';
import { readQuota, resetQuota } from './limits/quotas';
import { mergeUsage } from './merge';
import { createRegistrations, registerNewcomers } from './newcomers';
import { createOpening } from './opening';
import type { ClockEstimate } from './store_clock';

export interface RedisStoreOptions {
  /** Holds admissions. */
  readonly redis: Redis;
  /** Holds the calls of the services. */
  readonly calls: Redis;
  readonly keys: Keys;
  readonly partitions: number;
  /** The policies in force. */
  readonly policies: () => Iterable<Policy>;
  readonly logger: Logger;
  /** False sends each admission to Redis by itself. */
  readonly isJoining?: boolean;
  /** False asks Redis about each denial. */
  readonly isCachingDenials?: boolean;
  readonly events?: AdmissionEvents;
}

export interface RedisStore extends QuotaStore {
  /** Makes the store usable. Throws `StoreUnavailable` (try again) or `StoreMismatch` (never). */
  open(): Promise<void>;
  /** False until it is opened, and if it turned out to be one that cannot be used. */
  isOpen(): boolean;
  /** Resolves if both databases answer; throws `StoreUnavailable` if one does not. */
  ping(): Promise<void>;
  /** Announces the policies in force, as they have changed, so that no other daemon removes what they count. */
  announce(): Promise<void>;
  /** What is known of the clock of the database that holds admissions. */
  clock(): ClockEstimate | undefined;
  /** Waits for what decisions have left to do. */
  settle(): Promise<void>;
}

/** The memory of the service, on two Redis databases. */
export function createRedisStore(options: RedisStoreOptions): RedisStore {
  const { redis, calls, keys, partitions, policies, logger } = options;
  const { isJoining = true, isCachingDenials = false, events } = options;
  const encoder = createEncoder(keys);
  const databases = { redis, calls, keys, encoder };
  const allPartitions = Array.from({ length: partitions }, (_, partition) => partition);
  const registrations = createRegistrations((partition) => registerNewcomers(databases, partition), logger);
  const announcer = createAnnouncer({
    redis,
    keys,
    partitions,
    policies,
    onConversions: encoder.setConversions,
    logger,
  });
  const opening = createOpening({ redis, keys, partitions, logger, onOpen: announcer.announce });
  const assertOpen = () => opening.claimOf(0);
  const admitting = createAdmitting({
    redis,
    keys,
    encoder,
    opening,
    isJoining,
    isCachingDenials,
    events,
    logger,
  });

  return {
    open: opening.open,
    isOpen: opening.isOpen,

    async ping() {
      await Promise.all([redis.ping(), calls.ping()]).catch((error) => {
        throw translateFailure(error);
      });
      assertOpen();
    },

    announce: announcer.announce,

    async settle() {
      announcer.stop();
      await registrations.settle();
    },

    admit: (admission, policy, patience = {}) => admitting.admit(admission, policy, patience),
    clock: admitting.clock,

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
