import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { CONNECTION_REFUSALS } from '../access/connection_limits';
import { createTally } from './tally';

/** From the usual time (a round trip to Redis) up to callers' deadlines. */
const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Counted from 0, so that an alert sees the first one. */
const ALERTING_CODES = ['UNAUTHENTICATED', 'PERMISSION_DENIED', 'INTERNAL', 'UNKNOWN'] as const;

const REFUSALS = [...CONNECTION_REFUSALS, 'streams'] as const;

export type Refusal = (typeof REFUSALS)[number];

export interface GrpcMetrics {
  /** A call was answered, with the name of its gRPC status; a stream has no meaningful duration. */
  answered(call: { method: string; code: string; durationS: number | undefined }): void;
  /** A connection or a stream was rejected, as there were too many. */
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
    collect: () => answered.flush(),
  });
  const answered = createTally((method, code, count) => calls.inc({ method, code }, count));
  for (const method of sources.methodNames) for (const code of ALERTING_CODES) calls.inc({ method, code }, 0);
  const durations = new Histogram({
    name: 'quota_call_duration_seconds',
    help: 'Time from a gRPC call to its answer, streams left out.',
    labelNames: ['method'],
    buckets: LATENCY_BUCKETS_S,
    registers,
  });
  const timed = new Map(sources.methodNames.map((method) => [method, durations.labels({ method })]));
  const refusals = createRefusals(registers);
  observeConnections(sources, registers);
  return {
    answered({ method, code, durationS }) {
      answered.count(method, code);
      if (durationS !== undefined) timed.get(method)?.observe(durationS);
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
