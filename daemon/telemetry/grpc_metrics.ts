import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { CONNECTION_REFUSALS } from '../access/connection_limits';
import { oncePerLabels } from './children';

/** Around what is usual (a round trip to Redis) up to where a caller's deadline passes. */
const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Counted from 0, so that an alert sees the first one. */
const REFUSING_CODES = ['UNAUTHENTICATED', 'PERMISSION_DENIED'] as const;

const REFUSALS = [...CONNECTION_REFUSALS, 'streams'] as const;

export type Refusal = (typeof REFUSALS)[number];

export interface GrpcMetrics {
  /** A call that was answered, with the name of its gRPC status; a stream has no duration that means anything. */
  answered(call: { method: string; code: string; durationS: number | undefined }): void;
  /** A connection or a stream was not taken, as there were too many. */
  refused(what: Refusal): void;
}

export interface GrpcSources {
  readonly connectionCount: () => number;
  /** The methods of the contract, as package.Service/Method. */
  readonly methodNames: readonly string[];
}

export function createGrpcMetrics(sources: GrpcSources, registers: Registry[]): GrpcMetrics {
  const calls = new Counter({
    name: 'quota_calls_total',
    help: 'gRPC calls that were answered, by method and status code.',
    labelNames: ['method', 'code'],
    registers,
  });
  for (const method of sources.methodNames) for (const code of REFUSING_CODES) calls.inc({ method, code }, 0);
  const durations = new Histogram({
    name: 'quota_call_duration_seconds',
    help: 'Time from a gRPC call to its answer, streams left out.',
    labelNames: ['method'],
    buckets: LATENCY_BUCKETS_S,
    registers,
  });
  const answered = oncePerLabels((method, code) => calls.labels({ method, code }));
  const timed = oncePerLabels((method) => durations.labels({ method }));
  const refusals = createRefusals(registers);
  observeConnections(sources, registers);
  return {
    answered({ method, code, durationS }) {
      answered(method, code).inc();
      if (durationS !== undefined) timed(method, '').observe(durationS);
    },
    refused: (limit) => refusals.inc({ limit }),
  };
}

function createRefusals(registers: Registry[]) {
  const refusals = new Counter({
    name: 'quota_grpc_refused_total',
    help: 'Connections and lasting streams that were not taken, by the limit that they met.',
    labelNames: ['limit'],
    registers,
  });
  for (const limit of REFUSALS) refusals.inc({ limit }, 0);
  return refusals;
}

function observeConnections({ connectionCount }: GrpcSources, registers: Registry[]): void {
  new Gauge({
    name: 'quota_grpc_connections',
    help: 'Open connections of gRPC clients.',
    registers,
    collect() {
      this.set(connectionCount());
    },
  });
}
