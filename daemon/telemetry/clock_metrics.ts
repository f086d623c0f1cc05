import { Gauge, type Registry } from 'prom-client';

const US_PER_S = 1_000_000;

/** How far a clock of the store is ahead of `performance.now()`, and the possible error. */
interface Estimate {
  readonly offsetUs: number;
  readonly errorUs: number;
}

/** Shows the clocks of the store: on a Cluster, each partition's master has its own. */
export function watchClocks(clocks: () => readonly Estimate[], registers: Registry[]): void {
  const gauge = (options: {
    name: string;
    aggregator: 'average' | 'max';
    help: string;
    microsecondsOf: (estimates: readonly [Estimate, ...Estimate[]]) => number;
  }) => {
    const { microsecondsOf, ...described } = options;
    const made = new Gauge({
      ...described,
      registers,
      collect() {
        const [first, ...others] = clocks();
        this.remove();
        if (first !== undefined) this.set(microsecondsOf([first, ...others]) / US_PER_S);
      },
    });
    made.remove();
  };
  const originUs = performance.timeOrigin * 1000;
  gauge({
    name: 'quota_store_clock_offset_seconds',
    aggregator: 'average',
    help: "How far the store's clock is ahead of this machine's, of several the one that is furthest off; none if it is not known.",
    microsecondsOf: (estimates) =>
      estimates
        .map(({ offsetUs }) => offsetUs - originUs)
        .reduce((most, each) => (Math.abs(each) > Math.abs(most) ? each : most)),
  });
  gauge({
    name: 'quota_store_clock_error_seconds',
    aggregator: 'max',
    help: 'By how much that offset may be wrong.',
    microsecondsOf: (estimates) => Math.max(...estimates.map(({ errorUs }) => errorUs)),
  });
  gauge({
    name: 'quota_store_clock_spread_seconds',
    aggregator: 'max',
    help: "How far the clocks of the store's masters are apart at least, beyond what is uncertain; 0 for one master.",
    microsecondsOf: spreadUs,
  });
}

/** The certain difference of two clocks. */
function spreadUs(estimates: readonly Estimate[]): number {
  const latest = Math.max(...estimates.map(({ offsetUs, errorUs }) => offsetUs - errorUs));
  const earliest = Math.min(...estimates.map(({ offsetUs, errorUs }) => offsetUs + errorUs));
  return Math.max(0, latest - earliest);
}
