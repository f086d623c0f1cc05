import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { BUILD } from './build';

/** Gauges of the library that have a counter's name, or no value where nothing has happened since they were last read. */
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

/** Shows the process itself, and whether it is ready: read whenever the metrics are. */
export function observeProcess({ droppedLogLines, readyParts }: ProcessSources, registry: Registry): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of UNFIT) registry.removeSingleMetric(name);
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
