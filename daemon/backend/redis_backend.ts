import type { Logger } from 'pino';
import { createFallback } from '../outage/fallback';
import { StoreUnavailable } from '../quota/errors';
import type { Policies } from '../quota/policies';
import { createCircuit } from '../redis/circuit';
import { firstAttempt, openRedis } from '../redis/client';
import { createKeys } from '../redis/keys';
import { createProbe } from '../redis/probe';
import { createRedisStore, type RedisStore } from '../redis/store';
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
}

export interface RedisBackendOptions {
  readonly config: RedisSettings;
  readonly currentPolicies: () => Policies;
  /** Is called if the store can never be opened. */
  readonly fail: (error: unknown) => void;
  readonly logger: Logger;
}

/** The store on Redis: two databases, each with its connection and its probe. */
export function createRedisBackend(options: RedisBackendOptions): Backend {
  const { config, currentPolicies, logger } = options;
  const { keyPrefix: prefix, partitions } = config;
  const redis = openRedis({ url: config.redisUrl, name: 'quota-admissions', logger });
  const calls = openRedis({ url: config.redisCallsUrl, name: 'quota-calls', logger });
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
        store,
        opened: () => opened(() => isOpen.admissions() && isOpen.calls()),
      });

      return {
        store: fallback.store,
        decided: store.decided,
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
          redis.disconnect();
          calls.disconnect();
        },
      };
    },
  };
}

type Opening = Pick<RedisBackendOptions, 'fail' | 'logger'> & { store: RedisStore; opened: () => void };

/** Opens the store, or goes on trying: until it answers, it refuses. */
async function openStore(opening: Opening): Promise<void> {
  const { store, logger, opened, fail } = opening;
  try {
    await store.open();
    opened();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) fail(error);
    logger.warn('the store does not answer yet');
    setTimeout(() => openStore(opening), OPEN_RETRY_MS).unref();
  }
}
