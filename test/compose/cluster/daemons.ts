import { parsePrometheusText } from '../../helpers/prometheus_text';
import { until } from '../../helpers/wait';
import { compose, engine } from '../docker';

const PRINT_METRICS =
  "fetch('http://127.0.0.1:9464/metrics').then((answer) => answer.text()).then((text) => process.stdout.write(text))";

/** Sums of what all daemons report about their store. */
interface Degradation {
  /** Partitions that a daemon does not use for now. */
  readonly unasked: number;
  /** Decisions that a daemon has made by itself. */
  readonly decisions: number;
}

async function degradation(): Promise<Degradation> {
  const ids = (await compose('ps', '--quiet', 'daemon')).trim().split('\n');
  const texts = await Promise.all(ids.map((id) => engine('exec', id, 'node', '-e', PRINT_METRICS)));
  const all = texts.map(parsePrometheusText);
  const sum = (name: string) =>
    all.flatMap((families) => [...(families.get(name)?.samples.values() ?? [])]).reduce((a, b) => a + b, 0);
  return { unasked: sum('quota_unasked_partitions'), decisions: sum('quota_degraded_decisions_total') };
}

/**
 * The outcome of steps in which every daemon asked the store for every decision. After a failover, each daemon learns by itself, for
 * each partition, that the store decides again; until then the steps are taken once more.
 */
export async function decidedByStore<T>(steps: () => Promise<T>): Promise<T> {
  const outcomes: T[] = [];
  let before: Degradation | undefined;
  const awaited = () => `steps that the store alone decided, and not after ${JSON.stringify(before)}`;
  await until(awaited, async () => {
    before = await degradation();
    if (before.unasked > 0) return false;
    const outcome = await steps();
    if ((await degradation()).decisions === before.decisions) outcomes.push(outcome);
    return outcomes.length > 0;
  });
  return outcomes[0] as T;
}
