import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../../bench';
import { ratiosOf } from '../../figures/statistics';
import type { Generator } from '../generator';
import { meanStatsMs } from '../partitions';
import { onStage } from '../stage';
import { type ClusterPlace, startClusterPlace, sum, usageOf } from './place';

const COUNTS = [1, 16, 64, 256] as const;
const MASTERS = 3;

const CONCURRENCY = 50;
const SUBJECTS = 100_000;

type Count = (typeof COUNTS)[number];

/** What the number of partitions costs on a Cluster: one partition is all on one of its masters. */
export function measureClusterPartitions(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const generator = stage.generator();
    const steps: ((turn: number) => Promise<Record<string, number>>)[] = [];
    for (const count of COUNTS) {
      const name = `partitions_${count}`;
      const place = await startClusterPlace(stage, { name, masters: MASTERS, daemons: 1, partitions: count });
      steps.push((turn) => place.awake(() => measurePlace({ bench, generator, place, count, turn })));
    }
    const series = await interleave<string>(roundsOf(bench), steps);
    const of = (count: Count, name: string) => series[`${count}: ${name}`] ?? [];
    const total = (count: Count) =>
      of(count, 'daemon µs').map((us, round) => us + (of(count, 'Redis µs')[round] ?? Number.NaN));
    const partsOf = (...names: readonly string[]) =>
      Object.fromEntries(
        COUNTS.flatMap((count) => names.map((name) => [`${count}: ${name}`, of(count, name)])),
      );
    return {
      'cluster.partitions': {
        rounds: ratiosOf(total(256), total(1)),
        parts: partsOf('daemon µs', 'Redis µs', 'joined'),
      },
      'cluster.stats': { rounds: of(256, 'Stats ms'), parts: partsOf('Stats ms') },
    };
  });
}

interface Step {
  readonly bench: Bench;
  readonly generator: Generator;
  readonly place: ClusterPlace;
  readonly count: Count;
  readonly turn: number;
}

async function measurePlace({ bench, generator, place, count, turn }: Step): Promise<Record<string, number>> {
  const [daemon] = place.daemons;
  if (daemon === undefined) throw new Error('the place has no daemon');
  const before = await usageOf(place);
  const { decisions } = await generator.closed({
    target: daemon.target,
    call: 'admit',
    concurrency: CONCURRENCY,
    connections: 1,
    durationMs: loadMsOf(bench),
    subjects: { prefix: `p${turn}-`, count: SUBJECTS },
  });
  const after = await usageOf(place);
  return {
    [`${count}: daemon µs`]: (sum(after.daemonUs) - sum(before.daemonUs)) / decisions,
    [`${count}: Redis µs`]: (sum(after.masterUs) - sum(before.masterUs)) / decisions,
    [`${count}: joined`]:
      (after.joinedAdmissions - before.joinedAdmissions) / (after.joinedCalls - before.joinedCalls),
    [`${count}: Stats ms`]: await meanStatsMs(daemon.caller),
  };
}
