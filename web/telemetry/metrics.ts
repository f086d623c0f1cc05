import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AnsweredRequest as AnsweredDaemonRequest } from '../../client/connection/report_answered';
import type { PoolUse } from '../bounded_pool';
import type { Backlog } from '../outbox/queue';

/** From a simple page up to one that waits for MySQL in vain. */
const LATENCY_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Gauges of the library that have a counter's name, or no value if nothing has happened since they were last read. */
const UNFIT = [
  ...['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`),
  ...['min', 'mean', 'stddev'].map((what) => `nodejs_eventloop_lag_${what}_seconds`),
];

const METHODS = new Set(['GET', 'HEAD', 'POST']);

/** The requests to the daemon whose counters stand at 0 from the start, so that an alert sees the first failure. */
const DAEMON_METHODS = ['Admit', 'RecordCall', 'Stats', 'GetQuota', 'ResetQuota', 'EraseSubject'];
const CODES = ['OK', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'UNAUTHENTICATED', 'PERMISSION_DENIED'];

const FIRST_FAILURE = 500;
const MS_PER_S = 1_000;

export type AnsweredRequest = {
  method: string;
  /** The pattern of the address. Example: "/students/:id". */
  route: string;
  code: number;
  /** Undefined for a stream. */
  durationS: number | undefined;
};

/** The metrics of the web tier. No label holds anything that a visitor wrote. */
export type Metrics = {
  requestAnswered(request: AnsweredRequest): void;
  daemonRequestAnswered(request: AnsweredDaemonRequest): void;
  /** Sets the sources of gauges, which are read at each scrape. */
  observe(sources: MetricsSources): void;
  /** Everything in Prometheus's text format. */
  text(): Promise<string>;
  readonly contentType: string;
};

export type MetricsSources = { backlog: () => Promise<Backlog>; poolUse: () => PoolUse };

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of UNFIT) registry.removeSingleMetric(name);
  const { requests, failures, durations } = createRequestMetrics(registers);
  const daemonRequests = new Counter({
    name: 'web_quota_requests_total',
    help: 'Requests to the quota daemon, by method and gRPC status.',
    labelNames: ['method', 'code'],
    registers,
  });
  for (const method of DAEMON_METHODS) for (const code of CODES) daemonRequests.inc({ method, code }, 0);

  return {
    requestAnswered({ method, route, code, durationS }) {
      const known = METHODS.has(method) ? method : 'other';
      requests.inc({ method: known, route, code });
      if (code >= FIRST_FAILURE) failures.inc();
      if (durationS !== undefined) durations.observe({ method: known, route }, durationS);
    },
    daemonRequestAnswered: (request) => daemonRequests.inc(request),
    observe: (sources) => observeDatabase(sources, registers),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function createRequestMetrics(registers: Registry[]) {
  const requests = new Counter({
    name: 'web_requests_total',
    help: 'HTTP requests that were answered, by method, pattern of the address and status; probes are left out.',
    labelNames: ['method', 'route', 'code'],
    registers,
  });
  const failures = new Counter({
    name: 'web_request_failures_total',
    help: 'HTTP requests that were answered with a status of 500 or above.',
    registers,
  });
  const durations = new Histogram({
    name: 'web_request_duration_seconds',
    help: 'Time from a request to the end of its answer; streams are left out.',
    labelNames: ['method', 'route'],
    buckets: LATENCY_BUCKETS_S,
    registers,
  });
  return { requests, failures, durations };
}

/** One query to MySQL sets three gauges; while MySQL is unreachable, two of them keep the last value. */
function observeDatabase({ backlog, poolUse }: MetricsSources, registers: Registry[]): void {
  let reading: Promise<Backlog | undefined> | undefined;
  const read = () => {
    reading ??= backlog()
      .catch(() => undefined)
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const gauge = (name: string, help: string, figure: (read: Backlog | undefined) => number | undefined) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const value = figure(await read());
        if (value !== undefined) this.set(value);
      },
    });
  gauge('web_mysql_up', '1 if MySQL answers.', (answer) => Number(answer !== undefined));
  gauge(
    'web_outbox_backlog',
    'Calls of the services that the daemon has not recorded yet.',
    (answer) => answer?.waiting,
  );
  gauge(
    'web_outbox_oldest_seconds',
    'How long the oldest of them has waited; 0 if there is none.',
    (answer) => answer && answer.oldestAgeMs / MS_PER_S,
  );
  new Gauge({
    name: 'web_mysql_connections',
    help: 'The pool of connections to MySQL: its size, the used ones, and the requests that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(poolUse())) this.set({ state }, count);
    },
  });
}
