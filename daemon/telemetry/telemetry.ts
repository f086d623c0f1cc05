import type { Redis } from 'ioredis';
import type { ConnectionLimits } from '../access/connection_limits';
import type { Pages } from './http';
import { createMetrics, type Metrics, type MetricsSources } from './metrics';
import { watchOpenSockets } from './open_sockets';
import { type Check, type DaemonState, readinessOf } from './readiness';

/** What an operator sees of the daemon from outside: its numbers, and whether it lives and is ready. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** Where the HTTP pages are; undefined if another process has them. */
  readonly port: number | undefined;
  /** The store may be used from now on, for as long as `isOpen` says so. */
  storeOpened(isOpen: () => boolean): void;
  /** gRPC is served on this port from now on, to as many as the limits let in. */
  serving(served: Served): void;
  draining(): void;
  stop(): Promise<void>;
}

export interface Served {
  readonly port: number;
  readonly limits: ConnectionLimits;
  /** Whether admissions can be decided on now. */
  readonly canDecide: () => boolean;
}

export interface TelemetryOptions {
  /** Makes the pages reachable: by HTTP, or through another process, and then they have no port here. */
  readonly serve: (pages: Pages) => Promise<{ readonly port: number | undefined; stop(): Promise<void> }>;
  /** The connections to Redis, by name. */
  readonly redis: Readonly<Record<string, Redis>>;
  /** Whether each database takes writes. */
  readonly isUsable: Readonly<Record<'admissions' | 'calls', () => boolean>>;
  readonly policyNames: () => Iterable<string>;
  readonly droppedLogLines: () => number;
  readonly methodNames: MetricsSources['methodNames'];
  readonly certificateEnds: MetricsSources['certificateEnds'];
  readonly storeFindings: MetricsSources['storeFindings'];
}

/** Serves the metrics and the probes, from the start on. Throws as `serve` does. */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { serve, redis, isUsable } = options;
  const sockets = watchOpenSockets();
  let state: DaemonState = 'starting';
  let isStoreOpen = () => false;
  let canDecide = () => false;
  let grpcPort = 0;

  const checks: Record<string, Check> = {
    redis_admissions: async () => isUsable.admissions(),
    redis_calls: async () => isUsable.calls(),
    partitions: async () => isStoreOpen(),
    // Without a usable file nothing starts, and a broken change of it leaves the old ones in force.
    policies: async () => true,
    grpc: async () => state === 'serving',
  };
  const readiness = async () => readinessOf({ state, canDecide: canDecide(), checks });
  const metrics = createMetrics({
    ...options,
    connectionCount: () => sockets.open(grpcPort),
    redisReady: Object.fromEntries(
      Object.entries(redis).map(([name, client]) => [name, () => client.status === 'ready']),
    ),
    readyParts: async () => (await readiness()).parts,
  });
  for (const [name, client] of Object.entries(redis)) client.on('close', () => metrics.redisLost(name));
  const server = await serve({ metrics, readiness });

  return {
    metrics,
    port: server.port,
    storeOpened(isOpen) {
      isStoreOpen = isOpen;
    },
    serving({ port, limits, canDecide: canDecideNow }) {
      grpcPort = port;
      canDecide = canDecideNow;
      sockets.guard(port, {
        take(address) {
          const refusal = limits.take(address);
          if (refusal !== undefined) metrics.refused(refusal);
          return refusal === undefined;
        },
        release: limits.release,
      });
      state = 'serving';
    },
    draining() {
      state = 'draining';
    },
    stop: server.stop,
  };
}
