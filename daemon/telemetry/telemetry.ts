import type { ConnectionLimits } from '../access/connection_limits';
import type { Pages } from './http';
import { createMetrics, type Metrics, type MetricsSources } from './metrics';
import { watchOpenSockets } from './open_sockets';
import { type Check, type DaemonState, readinessOf } from './readiness';

/** What an operator sees of the daemon: its metrics, and whether it is alive and ready. */
export interface Telemetry {
  readonly metrics: Metrics;
  /** The address of the HTTP pages; undefined if another process has them. */
  readonly port: number | undefined;
  /** The store may be used from now on, for as long as `isOpen` says so. */
  storeOpened(isOpen: () => boolean): void;
  /** gRPC is served on this port from now on, within the connection limits. */
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
  /** Serves the pages by HTTP, or through another process; then they have no port here. */
  readonly serve: (pages: Pages) => Promise<{ readonly port: number | undefined; stop(): Promise<void> }>;
  /** The databases, by name: whether each is connected, and each loss of a connection. */
  readonly redis: Readonly<Record<string, { isReady(): boolean; onClose(listener: () => void): void }>>;
  /** Whether each database takes writes. */
  readonly isUsable: Readonly<Record<'admissions' | 'calls', () => boolean>>;
  readonly policyNames: () => Iterable<string>;
  readonly policiesDigest: MetricsSources['policiesDigest'];
  readonly droppedLogLines: () => number;
  readonly methodNames: MetricsSources['methodNames'];
  readonly certificateEnds: MetricsSources['certificateEnds'];
  readonly storeFindings: MetricsSources['storeFindings'];
}

/** Serves the metrics and the probes from the start. Throws as `serve` does. */
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
    // The daemon does not start without a usable file, and a broken change leaves the old policies in force.
    policies: async () => true,
    grpc: async () => state === 'serving',
  };
  const readiness = async () => readinessOf({ state, canDecide: canDecide(), checks });
  const metrics = createMetrics({
    ...options,
    connectionCount: () => sockets.open(grpcPort),
    redisReady: Object.fromEntries(Object.entries(redis).map(([name, { isReady }]) => [name, isReady])),
    readyParts: async () => (await readiness()).parts,
  });
  for (const [name, { onClose }] of Object.entries(redis)) onClose(() => metrics.redisLost(name));
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
