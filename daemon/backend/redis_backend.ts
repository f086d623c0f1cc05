import type { Logger } from 'pino';
import type { RedisSecurity } from '../../environment/redis/settings';
import { createFallback } from '../outage/fallback';
import { StoreUnavailable } from '../quota/errors';
import type { Policies } from '../quota/policies';
import { type Wait, waitOf } from '../quota/waits';
import type { StoreRecord } from '../recording/record_store';
import { firstAttempt, openDatabase } from '../redis/client';
import { watchDatabase } from '../redis/database_health';
import { longestWaitMs } from '../redis/durable';
import { createDurables, nameOf } from '../redis/durables';
import { createFleetChannel } from '../redis/fleet/channel';
import { createMembership } from '../redis/fleet/membership';
import { spreadTags } from '../redis/hash_tags';
import { createCallsKeys, createKeys } from '../redis/keys';
import { type MastersOptions, watchMasters } from '../redis/masters';
import { type Database, isCluster, isConnected, watchConnections } from '../redis/nodes';
import { createRedisStore } from '../redis/store';
import { requireSafeStore, watchStoreSafety } from '../redis/store_safety';
import type { LogBytes } from '../redis/usage/retention';
import type { Backend, DatabaseConnection } from './backend';
import { followRedisSecurity } from './redis_security';

const OPEN_RETRY_MS = 250;

/** The store's addresses, and how it is used. */
export interface RedisSettings {
  readonly redisUrl: string;
  readonly redisCallsUrl: string;
  readonly redisSecurity: RedisSecurity;
  readonly keyPrefix: string;
  readonly partitions: number;
  readonly logBytes: LogBytes;
  readonly isJoining: boolean;
  readonly isCachingDenials: boolean;
  /** Whether recorded calls are answered once they are on disk. */
  readonly areCallsDurable: boolean;
  /** Whether a store that puts guarantees at risk is rejected. */
  readonly isStoreStrict: boolean;
}

export interface RedisBackendOptions {
  readonly config: RedisSettings;
  readonly currentPolicies: () => Policies;
  /** The keyed hash of the logs. */
  readonly hashOf: (subject: string) => string;
  /** Called if the store can never be opened. */
  readonly fail: (error: unknown) => void;
  readonly logger: Logger;
}

/** The store on Redis: two databases, each with its connection and its probe. */
export function createRedisBackend(options: RedisBackendOptions): Backend {
  const { config, currentPolicies, hashOf, logger } = options;
  const { keyPrefix: prefix, partitions } = config;
  const followed = followRedisSecurity(config.redisSecurity, logger);
  const { security } = followed;
  const redis = openDatabase({ url: config.redisUrl, name: 'quota-admissions', security, logger });
  const calls = openDatabase({ url: config.redisCallsUrl, name: 'quota-calls', security, logger });
  const keys = createKeys({ prefix, partitions, tags: tagsOf(redis) });
  const callsKeys = createCallsKeys({
    prefix,
    partitions,
    tags: tagsOf(calls),
    isClustered: isCluster(calls),
  });

  const durables = createDurables({
    keys,
    open: (wait) => openWaiting(wait, { url: config.redisUrl, name: 'quota-admissions' }),
  });
  const durableCalls = config.areCallsDurable
    ? createDurables({
        keys: callsKeys,
        open: (wait) => openWaiting(wait, { url: config.redisCallsUrl, name: 'quota-calls' }),
      })
    : undefined;

  function openWaiting(wait: Wait, { url, name }: { url: string; name: string }): Database {
    return openDatabase({
      url,
      name: `${name}-${nameOf(wait)}`,
      waitMs: longestWaitMs(wait),
      security,
      logger,
    });
  }

  /** Opens the connections that wait ahead of their first use. */
  function openDurables(): void {
    for (const policy of currentPolicies().byName.values()) {
      const wait = waitOf(policy);
      if (wait !== undefined) void durables.of(wait);
    }
  }

  function tagsOf(database: Database): readonly string[] | undefined {
    return isCluster(database) ? spreadTags(partitions) : undefined;
  }

  const waits = () => {
    const asked = [...currentPolicies().byName.values()].flatMap((policy) => waitOf(policy) ?? []);
    return {
      isDurable: config.areCallsDurable || asked.some(({ isForDisk }) => isForDisk),
      replicas: Math.max(0, ...asked.map(({ replicas }) => replicas)),
    };
  };
  const safety = {
    admissions: watchStoreSafety({ redis, name: 'quota-admissions', waits, logger }),
    calls: watchStoreSafety({
      redis: calls,
      name: 'quota-calls',
      waits: () => ({ ...waits(), replicas: 0 }),
      logger,
    }),
  };
  const health = {
    admissions: watchDatabase({ redis, name: 'quota-admissions', keys, partitions, logger }),
    calls: watchDatabase({ redis: calls, name: 'quota-calls', keys: callsKeys, partitions, logger }),
  };

  function watchFailovers(record: StoreRecord): void {
    const watch = (database: keyof typeof health, place: Pick<MastersOptions, 'redis' | 'keys'>) =>
      watchMasters({
        ...place,
        partitions,
        onReplaced(replaced) {
          const { sinceMs, ...shown } = replaced;
          logger.warn({ redis: `quota-${database}`, ...shown }, 'another server is the master');
          record.masterReplaced(database, replaced);
        },
      });
    watch('admissions', { redis, keys });
    watch('calls', { redis: calls, keys: callsKeys });
  }

  return {
    connections: { admissions: connectionOf(redis), calls: connectionOf(calls) },
    storeFindings: { admissions: safety.admissions.findings, calls: safety.calls.findings },
    isUsable: { admissions: health.admissions.isUsable, calls: health.calls.isUsable },

    async start({ events, opened, instrument, record, self }) {
      const store = createRedisStore({
        redis,
        calls,
        keys,
        callsKeys,
        partitions,
        policies: () => currentPolicies().byName.values(),
        windowsMs: () => currentPolicies().statistics.windowsMs,
        logBytes: config.logBytes,
        isJoining: config.isJoining,
        isCachingDenials: config.isCachingDenials,
        events,
        circuits: { admissions: health.admissions.circuitOf, calls: health.calls.circuitOf },
        durables,
        durableCalls,
        hashOf,
        onErased(erased) {
          fallback
            .dropErased(erased)
            .catch((err: unknown) => logger.error({ err }, 'erased subjects could not be dropped'));
        },
        logger,
      });
      const fallback = createFallback({
        store: instrument(store),
        restore: record.restore(store.restore),
        hashOf,
        logger,
      });
      watchFailovers(record);
      openDurables();
      await Promise.all([firstAttempt(redis), firstAttempt(calls)]);
      await Promise.all(Object.values(health).map((each) => each.start()));
      const { isOpen } = store;
      const feedChannel = createFleetChannel({
        redis,
        keys: keys.fleet,
        openSubscriber: () => openDatabase({ url: config.redisUrl, name: 'quota-watch', security, logger }),
        self: self(),
        logger,
      });
      const fleet = createMembership({ redis, keys, self, onBeat: feedChannel.beat, logger });
      fleet.start();
      await openStore({
        ...options,
        async open() {
          if (config.isStoreStrict) await requireSafeStore(safety);
          await store.open();
        },
        opened: () => opened(() => isOpen.admissions() && isOpen.calls()),
      });

      return {
        store: record.store(fallback.store),
        decided: store.decided,
        erasing: record.erasing(store.erasing),
        auditing: store.auditing,
        fleet,
        feedChannel,
        isServing: {
          store: () => isOpen.admissions() && health.admissions.isUsable(),
          calls: () => isOpen.calls() && health.calls.isUsable(),
        },
        policiesChanged() {
          openDurables();
          void store.announce();
        },
        clocks: store.clocks,
        folding: () => store.foldProgress,
        outage: () => ({
          ...fallback.state(),
          unaskedPartitions: {
            admissions: health.admissions.unaskedCount(),
            calls: health.calls.unaskedCount(),
          },
        }),
        async stop() {
          await Promise.all([fleet.stop(), feedChannel.stop()]);
          await fallback.stop();
          await store.settle();
          for (const each of Object.values(health)) each.stop();
          for (const connection of [redis, calls]) connection.disconnect();
          durables.stop();
          durableCalls?.stop();
          followed.stop();
        },
      };
    },
  };
}

function connectionOf(database: Database): DatabaseConnection {
  return {
    isReady: () => isConnected(database),
    onClose: (listener) => watchConnections(database, { close: listener }),
  };
}

type Opening = Pick<RedisBackendOptions, 'fail' | 'logger'> & {
  open: () => Promise<void>;
  opened: () => void;
};

/** Opens the store, and retries until it answers; until then requests fail. */
async function openStore(opening: Opening): Promise<void> {
  const { open, logger, opened, fail } = opening;
  try {
    await open();
    opened();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) fail(error);
    logger.warn('the store does not answer yet');
    setTimeout(() => openStore(opening), OPEN_RETRY_MS).unref();
  }
}
