import type { Logger } from 'pino';
import { createFallback } from '../outage/fallback';
import { StoreUnavailable } from '../quota/errors';
import type { Policies } from '../quota/policies';
import { createCircuit } from '../redis/circuit';
import { firstAttempt, openRedis } from '../redis/client';
import { createDurable, DISK_TIMEOUT_MS } from '../redis/durable';
import { createKeys } from '../redis/keys';
import { createProbe } from '../redis/probe';
import { createRedisStore } from '../redis/store';
import { requireSafeStore, watchStoreSafety } from '../redis/store_safety';
import type { LogBytes } from '../redis/usage/retention';
import type { Backend } from './backend';

const OPEN_RETRY_MS = 250;

/** Where the store is, and how it is used. */
export interface RedisSettings {
  readonly redisUrl: string;
  readonly redisCallsUrl: string;
  readonly keyPrefix: string;
  readonly partitions: number;
  readonly logBytes: LogBytes;
  readonly isJoining: boolean;
  readonly isCachingDenials: boolean;
  /** Whether recorded calls are answered once they are on disk. */
  readonly areCallsDurable: boolean;
  /** Whether a store that puts promises at risk is refused. */
  readonly isStoreStrict: boolean;
}

export interface RedisBackendOptions {
  readonly config: RedisSettings;
  readonly currentPolicies: () => Policies;
  /** The keyed hash of the logs. */
  readonly hashOf: (subject: string) => string;
  /** Is called if the store can never be opened. */
  readonly fail: (error: unknown) => void;
  readonly logger: Logger;
}

/** The store on Redis: two databases, each with its connection and its probe. */
export function createRedisBackend(options: RedisBackendOptions): Backend {
  const { config, currentPolicies, hashOf, logger } = options;
  const { keyPrefix: prefix, partitions } = config;
  const redis = openRedis({ url: config.redisUrl, name: 'quota-admissions', logger });
  const calls = openRedis({ url: config.redisCallsUrl, name: 'quota-calls', logger });
  const waitMs = DISK_TIMEOUT_MS;
  const durable = openRedis({ url: config.redisUrl, name: 'quota-durable', waitMs, logger });
  const durableCalls = config.areCallsDurable
    ? openRedis({ url: config.redisCallsUrl, name: 'quota-durable-calls', waitMs, logger })
    : undefined;
  const isDurable = () =>
    config.areCallsDurable || [...currentPolicies().byName.values()].some((policy) => policy.isDurable);
  const safety = {
    admissions: watchStoreSafety({ redis, name: 'quota-admissions', isDurable, logger }),
    calls: watchStoreSafety({ redis: calls, name: 'quota-calls', isDurable, logger }),
  };
  const circuits = {
    admissions: createCircuit({ name: 'quota-admissions', logger }),
    calls: createCircuit({ name: 'quota-calls', logger }),
  };
  const probes = {
    admissions: createProbe({
      redis,
      name: 'quota-admissions',
      prefix,
      logger,
      circuit: circuits.admissions,
    }),
    calls: createProbe({ redis: calls, name: 'quota-calls', prefix, logger, circuit: circuits.calls }),
  };

  return {
    connections: { admissions: redis, calls },
    storeFindings: { admissions: safety.admissions.findings, calls: safety.calls.findings },
    isUsable: { admissions: probes.admissions.isUsable, calls: probes.calls.isUsable },

    async start({ events, opened, instrument }) {
      const store = createRedisStore({
        redis,
        calls,
        keys: createKeys({ prefix, partitions }),
        partitions,
        policies: () => currentPolicies().byName.values(),
        windowsMs: () => currentPolicies().statistics.windowsMs,
        logBytes: config.logBytes,
        isJoining: config.isJoining,
        isCachingDenials: config.isCachingDenials,
        events,
        circuits,
        durable: createDurable({ redis: durable, prefix }),
        durableCalls: durableCalls && createDurable({ redis: durableCalls, prefix }),
        hashOf,
        logger,
      });
      const fallback = createFallback({
        store: instrument(store),
        restore: store.restore,
        logger,
      });
      await Promise.all([firstAttempt(redis), firstAttempt(calls)]);
      await Promise.all(Object.values(probes).map((probe) => probe.start()));
      const { isOpen } = store;
      await openStore({
        ...options,
        async open() {
          if (config.isStoreStrict) await requireSafeStore(safety);
          await store.open();
        },
        opened: () => opened(() => isOpen.admissions() && isOpen.calls()),
      });

      return {
        store: fallback.store,
        decided: store.decided,
        erasing: store.erasing,
        auditing: store.auditing,
        isServing: {
          store: () => isOpen.admissions() && probes.admissions.isUsable(),
          calls: () => isOpen.calls() && probes.calls.isUsable(),
        },
        policiesChanged: () => void store.announce(),
        clock: store.clock,
        folding: () => store.foldProgress,
        outage: () => ({
          ...fallback.state(),
          openCircuits: { admissions: circuits.admissions.isOpen(), calls: circuits.calls.isOpen() },
        }),
        async stop() {
          await fallback.stop();
          await store.settle();
          for (const probe of Object.values(probes)) probe.stop();
          for (const connection of [redis, calls, durable, durableCalls]) connection?.disconnect();
        },
      };
    },
  };
}

type Opening = Pick<RedisBackendOptions, 'fail' | 'logger'> & {
  open: () => Promise<void>;
  opened: () => void;
};

/** Opens the store, or goes on trying: until it answers, it refuses. */
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
