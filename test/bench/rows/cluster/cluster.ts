import type { Bench, Measured } from '../../bench';
import type { FigureName } from '../../figures/catalogue';
import { measureClusterPartitions } from './partitions';
import { measureClusterScale } from './scale';
import { measureClusterSkew } from './skew';

interface Part {
  readonly measure: (bench: Bench) => Promise<Measured>;
  readonly figures: readonly FigureName[];
}

const PARTS: readonly Part[] = [
  {
    measure: measureClusterScale,
    figures: ['cluster.two', 'cluster.three', 'cluster.four', 'cluster.joined', 'cluster.joined-four'],
  },
  { measure: measureClusterPartitions, figures: ['cluster.partitions', 'cluster.stats'] },
  { measure: measureClusterSkew, figures: ['cluster.simulated'] },
];

/** What a Cluster and several daemons cost, and whether the simulation of them is right. Each part by itself. */
export async function measureCluster(bench: Bench): Promise<Measured> {
  const measured: Measured[] = [];
  for (const { measure, figures } of PARTS)
    measured.push(
      await measure(bench).catch((error: Error) => Object.fromEntries(figures.map((name) => [name, error]))),
    );
  return Object.assign({}, ...measured);
}
