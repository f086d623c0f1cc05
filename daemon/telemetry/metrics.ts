import { Registry } from 'prom-client';
import { createDecisionMetrics, type DecisionMetrics, type DecisionSources } from './decision_metrics';
import { createGrpcMetrics, type GrpcMetrics, type GrpcSources } from './grpc_metrics';
import { createLoadMetrics, type LoadMetrics } from './load_metrics';
import { createReloadMetrics, type PoliciesSources, watchPolicies } from './policies_metrics';
import { observeProcess, type ProcessSources } from './process_metrics';
import { createRedisMetrics, type RedisMetrics, type RedisSources } from './redis_metrics';
import { createTlsMetrics, type TlsMetrics, type TlsSources } from './tls_metrics';

/**
 * The daemon's metrics. Each label has few values: a name of the policies file, of the contract, or of a list in the
 * code, never something that a caller sends.
 */
export interface Metrics extends DecisionMetrics, GrpcMetrics, RedisMetrics, TlsMetrics {
  readonly load: LoadMetrics;
  /** A changed policies file was accepted, or rejected and the old one kept. */
  readonly policiesReloaded: (isTaken: boolean) => void;
  /** Everything in Prometheus's text format. */
  text(): Promise<string>;
  /** The same for a process that sums those of several. */
  json(): Promise<unknown>;
  readonly contentType: string;
}

export interface MetricsSources
  extends DecisionSources,
    GrpcSources,
    RedisSources,
    TlsSources,
    PoliciesSources,
    ProcessSources {}

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const registers: Registry[] = [registry];
  observeProcess(sources, registry);
  watchPolicies(sources, registers);
  return {
    ...createGrpcMetrics(sources, registers),
    ...createDecisionMetrics(sources, registers),
    ...createRedisMetrics(sources, registers),
    ...createTlsMetrics(sources, registers),
    policiesReloaded: createReloadMetrics(registers),
    load: createLoadMetrics(sources.methodNames, registers),
    text: () => registry.metrics(),
    json: () => registry.getMetricsAsJSON(),
    contentType: registry.contentType,
  };
}
