import type { Bench, Measured } from '../bench';
import { FIGURES } from '../figures/catalogue';
import { judge, type Result } from '../figures/figure';
import { measureBytes } from './bytes';
import { measureClient } from './client';
import { measureCluster } from './cluster/cluster';
import { measureDaemon } from './daemon';
import { measureLatency } from './latency';
import { measureMillion } from './million';
import { measureOutages } from './outage';
import { measureOverload } from './overload';
import { measurePartitions } from './partitions';
import { measurePipeline } from './pipeline';
import { measureScript } from './script';
import { measureWorkers } from './workers';

/** What measures each group of figures. */
const GROUPS: Readonly<Record<string, (bench: Bench) => Promise<Measured>>> = {
  script: measureScript,
  daemon: measureDaemon,
  pipeline: measurePipeline,
  million: measureMillion,
  bytes: measureBytes,
  overload: measureOverload,
  latency: measureLatency,
  outage: measureOutages,
  workers: measureWorkers,
  partitions: measurePartitions,
  cluster: measureCluster,
  client: measureClient,
};

/** Measures the figures of these names, one group after the other, and judges them. */
export async function measureFigures(bench: Bench, names: ReadonlySet<string>): Promise<Result[]> {
  const asked = FIGURES.filter(({ name }) => names.has(name));
  const results: Result[] = [];
  for (const group of new Set(asked.map(groupOf))) {
    bench.say(`Measuring ${group} …`);
    const measured = await measureGroup(bench, group);
    for (const spec of asked.filter((figure) => groupOf(figure) === group)) {
      const found = measured instanceof Error ? measured : measured[spec.name];
      results.push(judge(spec, found ?? new Error('nothing measures it')));
    }
  }
  return results;
}

/** One group that fails does not keep the others from being measured. */
async function measureGroup(bench: Bench, group: string): Promise<Measured | Error> {
  try {
    return (await GROUPS[group]?.(bench)) ?? {};
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function groupOf({ name }: { name: string }): string {
  return name.slice(0, name.indexOf('.'));
}
