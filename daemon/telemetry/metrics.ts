import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { CONNECTION_REFUSALS } from '../access/connection_limits';
import { HANDSHAKE_FAILURES, type HandshakeFailure } from '../grpc/listening/handshakes';
import type { Decision } from '../quota/admission';
import type { DecisionEvent } from '../quota/decision_feed';
import { BUILD } from './build';
import { createLoadMetrics, type LoadMetrics } from './load_metrics';
import { type StoreFindings, watchStoreSettings } from './store_metrics';

/** Around what is usual (a round trip to Redis) up to where a caller's deadline passes. */
const LATENCY_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Gauges of the library that have a counter's name, or no value where nothing has happened since they were last read. */
const UNFIT = [
  ...['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`),
  ...['min', 'mean', 'stddev'].map((what) => `nodejs_eventloop_lag_${what}_seconds`),
];

/**
 * `shadow_denied`: admitted, though a limit in shadow would have denied. `repeated`: a request that had been admitted
 * before. They add up to all decisions.
 */
export const VERDICTS = ['admitted', 'denied', 'shadow_denied', 'repeated'] as const;

export type Verdict = (typeof VERDICTS)[number];

/** Counted from 0, so that an alert sees the first one. */
const REFUSING_CODES = ['UNAUTHENTICATED', 'PERMISSION_DENIED'] as const;

const REFUSALS = [...CONNECTION_REFUSALS, 'streams'] as const;

export type Refusal = (typeof REFUSALS)[number];

/**
 * What the daemon counts. Every label has few values: a name of the policies file, of the contract, or of a list in
 * the code. Nothing that a caller sends is ever one.
 */
export interface Metrics {
  readonly load: LoadMetrics;
  /** A decision of a policy that exists. */
  decided(event: DecisionEvent): void;
  /** A call that was answered, with the name of its gRPC status; a stream has no duration that means anything. */
  answered(call: { method: string; code: string; durationS: number | undefined }): void;
  /** An operation that the store failed, by `storeFailureKind`. */
  storeFailed(kind: string): void;
  /** A changed policies file was taken, or refused with the old one kept. */
  policiesReloaded(isTaken: boolean): void;
  /** A connection or a stream was not taken, as there were too many. */
  refused(what: Refusal): void;
  /** A TLS handshake failed. */
  handshakeFailed(reason: HandshakeFailure): void;
  /** A connection to Redis was lost. */
  redisLost(connection: string): void;
  /** Everything in Prometheus's text format. */
  text(): Promise<string>;
  /** The same for a process that adds up those of several. */
  json(): Promise<unknown>;
  readonly contentType: string;
}

export interface MetricsSources {
  /** The policies that hold now, whose counters stand at 0 from the start. */
  readonly policyNames: () => Iterable<string>;
  readonly connectionCount: () => number;
  /** The methods of the contract, as package.Service/Method. */
  readonly methodNames: readonly string[];
  /** When the certificates of each file end. */
  readonly certificateEnds: () => readonly { readonly file: string; readonly validTo: Date }[];
  /** Lines of the log that nobody read in time. */
  readonly droppedLogLines: () => number;
  /** The connections to Redis by name, and whether each is ready. */
  readonly redisReady: Readonly<Record<string, () => boolean>>;
  /** What the settings of each Redis put at risk; undefined: not read yet. */
  readonly storeFindings: StoreFindings;
  /** The parts of the daemon, and whether each is ready. */
  readonly readyParts: () => Promise<Readonly<Record<string, boolean>>>;
}

export function createMetrics(sources: MetricsSources): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });
  for (const name of UNFIT) registry.removeSingleMetric(name);
  observeState(sources, registers);
  watchStoreSettings(sources.storeFindings, registers);

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
  const { decisions, storeErrors, reloads, reloadOk, redisLosses } = createCounters(sources, registers);
  const refusals = createRefusals(registers);
  const handshakes = createTlsMetrics(sources, registers);

  const decided = oncePerLabels((policy, verdict) => decisions.labels({ policy, verdict }));
  const answered = oncePerLabels((method, code) => calls.labels({ method, code }));
  const timed = oncePerLabels((method) => durations.labels({ method }));

  return {
    load: createLoadMetrics(registers),
    decided: ({ admission: { policy }, decision }) => decided(policy, verdictOf(decision)).inc(),
    answered({ method, code, durationS }) {
      answered(method, code).inc();
      if (durationS !== undefined) timed(method, '').observe(durationS);
    },
    storeFailed: (kind) => storeErrors.inc({ kind }),
    policiesReloaded(isTaken) {
      reloads.inc({ result: isTaken ? 'taken' : 'refused' });
      reloadOk.set(Number(isTaken));
    },
    refused: (limit) => refusals.inc({ limit }),
    handshakeFailed: (reason) => handshakes.inc({ reason }),
    redisLost: (connection) => redisLosses.inc({ connection }),
    text: () => registry.metrics(),
    json: () => registry.getMetricsAsJSON(),
    contentType: registry.contentType,
  };
}

function createCounters({ policyNames, redisReady }: MetricsSources, registers: Registry[]) {
  const decisions = new Counter({
    name: 'quota_decisions_total',
    help: 'Decisions by policy and verdict: shadow_denied was admitted, and a limit in shadow would have denied it; repeated had been admitted before.',
    labelNames: ['policy', 'verdict'],
    registers,
    collect() {
      for (const policy of policyNames()) for (const verdict of VERDICTS) this.inc({ policy, verdict }, 0);
    },
  });
  new Counter({
    name: 'quota_degraded_decisions_total',
    help: "Decisions made by a policy's failure rule, as the store was out of reach.",
    labelNames: ['policy'],
    registers,
    collect() {
      for (const policy of policyNames()) this.inc({ policy }, 0);
    },
  });
  const storeErrors = new Counter({
    name: 'quota_store_errors_total',
    help: "Operations that Redis failed: no_answer, fault, or the code of Redis's reply.",
    labelNames: ['kind'],
    registers,
  });
  for (const kind of ['no_answer', 'fault']) storeErrors.inc({ kind }, 0);
  const reloads = new Counter({
    name: 'quota_policies_reloads_total',
    help: 'Changes of the policies file, by result: taken, or refused with the old policies kept.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['taken', 'refused']) reloads.inc({ result }, 0);
  const reloadOk = new Gauge({
    name: 'quota_policies_current',
    aggregator: 'min',
    help: '1 where the policies in force are those of the file, 0 where its last change was refused.',
    registers,
  });
  reloadOk.set(1);
  const redisLosses = new Counter({
    name: 'quota_redis_connection_losses_total',
    help: 'Connections to Redis that were lost, or could not be made.',
    labelNames: ['connection'],
    registers,
  });
  for (const connection of Object.keys(redisReady)) redisLosses.inc({ connection }, 0);
  return { decisions, storeErrors, reloads, reloadOk, redisLosses };
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

function createTlsMetrics({ certificateEnds }: MetricsSources, registers: Registry[]) {
  new Gauge({
    name: 'quota_tls_certificate_not_after_seconds',
    help: 'When the first certificate of a file ends, in seconds since 1970.',
    labelNames: ['file'],
    registers,
    collect() {
      this.reset();
      for (const { file, validTo } of certificateEnds()) this.set({ file }, validTo.getTime() / 1000);
    },
  });
  const handshakes = new Counter({
    name: 'quota_tls_handshake_failures_total',
    help: 'TLS handshakes that failed, and client certificates that were not believed, by reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of HANDSHAKE_FAILURES) handshakes.inc({ reason }, 0);
  return handshakes;
}

/** What is not counted but looked at, whenever somebody asks. */
function observeState(sources: MetricsSources, registers: Registry[]) {
  const { connectionCount, droppedLogLines, redisReady, readyParts } = sources;
  new Counter({
    name: 'quota_log_lines_dropped_total',
    help: 'Lines of the log that were dropped because nobody read it.',
    registers,
    collect() {
      this.reset();
      this.inc(droppedLogLines());
    },
  });
  new Gauge({
    name: 'quota_grpc_connections',
    help: 'Open connections of gRPC clients.',
    registers,
    collect() {
      this.set(connectionCount());
    },
  });
  new Gauge({
    name: 'quota_redis_connected',
    aggregator: 'min',
    help: '1 where the connection to Redis is ready.',
    labelNames: ['connection'],
    registers,
    collect() {
      for (const [connection, isReady] of Object.entries(redisReady))
        this.set({ connection }, Number(isReady()));
    },
  });
  new Gauge({
    name: 'quota_ready',
    aggregator: 'min',
    help: '1 where this part of the daemon is ready, as /readyz tells.',
    labelNames: ['part'],
    registers,
    async collect() {
      for (const [part, isReady] of Object.entries(await readyParts())) this.set({ part }, Number(isReady));
    },
  });
  const build = new Gauge({
    name: 'quota_build_info',
    aggregator: 'first',
    help: 'Always 1; its labels tell what is running.',
    labelNames: ['version', 'node'],
    registers,
  });
  build.set({ version: BUILD.version, node: process.version }, 1);
}

/** Looks a metric's child up by two labels: finding it anew by its labels costs more than counting. */
function oncePerLabels<Child>(make: (first: string, second: string) => Child) {
  const children = new Map<string, Map<string, Child>>();
  return (first: string, second: string): Child => {
    let ofFirst = children.get(first);
    if (ofFirst === undefined) {
      ofFirst = new Map();
      children.set(first, ofFirst);
    }
    const known = ofFirst.get(second);
    if (known !== undefined) return known;
    const made = make(first, second);
    ofFirst.set(second, made);
    return made;
  };
}

export function verdictOf({ admitted, isRepeat, limits }: Decision): Verdict {
  if (isRepeat) return 'repeated';
  if (!admitted) return 'denied';
  return limits.some(({ shadowDenied }) => shadowDenied) ? 'shadow_denied' : 'admitted';
}
