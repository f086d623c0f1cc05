import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { BUILD } from './build';

/** Gauges of the library with a counter's name, or without a value if nothing has happened since the last read. */
const UNFIT = [
  ...['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`),
  ...['min', 'mean', 'stddev'].map((what) => `nodejs_eventloop_lag_${what}_seconds`),
];

export interface ProcessSources {
  /** Lines of the log that nobody read in time. */
  readonly droppedLogLines: () => number;
  /** The parts of the daemon, and whether each is ready. */
  readonly readyParts: () => Promise<Readonly<Record<string, boolean>>>;
}

/** Shows the process itself, and whether it is ready, at each read of the metrics. */
export function observeProcess({ droppedLogLines, readyParts }: ProcessSources, registry: Registry): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of UNFIT) registry.removeSingleMetric(name);
  new Counter({
    name: 'quota_log_lines_dropped_total',
    help: 'Lines of the log that were dropped because they were not read in time.',
    registers,
    collect() {
      this.reset();
      this.inc(droppedLogLines());
    },
  });
  new Gauge({
    name: 'quota_ready',
    aggregator: 'min',
    help: '1 if this part of the daemon is ready, as /readyz shows.',
    labelNames: ['part'],
    registers,
    async collect() {
      for (const [part, isReady] of Object.entries(await readyParts())) this.set({ part }, Number(isReady));
    },
  });
  const build = new Gauge({
    name: 'quota_build_info',
    aggregator: 'first',
    help: 'Always 1; its labels say what is running.',
    labelNames: ['version', 'node'],
    registers,
  });
  build.set({ version: BUILD.version, node: process.version }, 1);
}
