import { Counter, Gauge, type Registry } from 'prom-client';
import { type StoreFindings, watchStoreSettings } from './store_metrics';

export interface RedisMetrics {
  /** An operation that the store failed, by `storeFailureKind`. */
  storeFailed(kind: string): void;
  /** A connection to Redis was lost. */
  redisLost(connection: string): void;
}

export interface RedisSources {
  /** The connections to Redis by name, and whether each is ready. */
  readonly redisReady: Readonly<Record<string, () => boolean>>;
  readonly storeFindings: StoreFindings;
}

export function createRedisMetrics(
  { redisReady, storeFindings }: RedisSources,
  registers: Registry[],
): RedisMetrics {
  watchStoreSettings(storeFindings, registers);
  const storeErrors = new Counter({
    name: 'quota_store_errors_total',
    help: "Operations that Redis failed: no_answer, circuit_open, fault, or the code of Redis's reply.",
    labelNames: ['kind'],
    registers,
  });
  for (const kind of ['no_answer', 'circuit_open', 'fault']) storeErrors.inc({ kind }, 0);
  const redisLosses = new Counter({
    name: 'quota_redis_connection_losses_total',
    help: 'Connections to Redis that were lost, or could not be made.',
    labelNames: ['connection'],
    registers,
  });
  for (const connection of Object.keys(redisReady)) redisLosses.inc({ connection }, 0);
  new Gauge({
    name: 'quota_redis_connected',
    aggregator: 'min',
    help: '1 if the connection to Redis is ready.',
    labelNames: ['connection'],
    registers,
    collect() {
      for (const [connection, isReady] of Object.entries(redisReady))
        this.set({ connection }, Number(isReady()));
    },
  });
  return {
    storeFailed: (kind) => storeErrors.inc({ kind }),
    redisLost: (connection) => redisLosses.inc({ connection }),
  };
}
