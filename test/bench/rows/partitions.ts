import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import { ratiosOf, sumsOf } from '../figures/statistics';
import type { ClosedOrder } from '../load/orders';
import { cpuUsOf } from '../processes/cpu';
import type { BenchDaemon } from '../processes/daemon';
import type { BenchRedis } from '../processes/redis';
import { functionUs } from '../redis/slow_log';
import type { Caller } from './calls';
import type { Generator } from './generator';
import { costOf } from './load';
import { onStage, type Stage } from './stage';

const CONCURRENCY = 50;
const SUBJECTS = 100_000;

const COUNTS = [1, 16, 64, 256] as const;

/** So few that the slow log holds all of their commands. */
const FOLDED = 2_000;

/** Questions for the statistics of which the mean time counts. */
const QUESTIONS = 20;

const IDLE_MS = 2_000;

type Count = (typeof COUNTS)[number];
type Series = `${Count} ${'daemon µs' | 'Redis µs' | 'joined' | 'folding µs' | 'Stats ms' | 'idle %'}`;

/** The cost of partitions on one server, where they gain nothing: a Cluster of any size has as many. */
export function measurePartitions(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const generator = stage.generator();
    const places: Place[] = [];
    for (const count of COUNTS) places.push(await startPlace(stage, count));
    const series = await interleave<Series>(
      roundsOf(bench),
      places.map((place) => (turn: number) => measurePlace({ bench, generator, place, turn })),
    );
    const of = (name: Series) => series[name];
    const total = (count: Count) => sumsOf(of(`${count} daemon µs`), of(`${count} Redis µs`));
    const partsOf = (kind: 'joined' | 'folding µs' | 'Stats ms' | 'idle %') =>
      Object.fromEntries(COUNTS.map((count) => [`${count}: ${kind}`, of(`${count} ${kind}`)]));
    const costs = COUNTS.flatMap((count) => [
      [`${count}: daemon µs`, of(`${count} daemon µs`)] as const,
      [`${count}: Redis µs`, of(`${count} Redis µs`)] as const,
    ]);
    return {
      'partitions.cpu': {
        rounds: ratiosOf(total(256), total(1)),
        parts: { ...Object.fromEntries(costs), ...partsOf('joined'), ...partsOf('folding µs') },
      },
      'partitions.stats': { rounds: of('256 Stats ms'), parts: partsOf('Stats ms') },
      'partitions.idle': { rounds: of('256 idle %'), parts: partsOf('idle %') },
    };
  });
}

interface Place {
  readonly count: Count;
  readonly redis: BenchRedis;
  readonly daemon: BenchDaemon;
  readonly caller: Caller;
}

async function startPlace(stage: Stage, count: Count): Promise<Place> {
  const name = `partitions_${count}`;
  const redis = await stage.redis(name);
  const daemon = await stage.daemon({ name, redis, env: { QUOTA_PARTITIONS: String(count) } });
  return { count, redis, daemon, caller: stage.caller(daemon.target) };
}

async function measurePlace({
  bench,
  generator,
  place,
  turn,
}: {
  bench: Bench;
  generator: Generator;
  place: Place;
  turn: number;
}): Promise<Partial<Record<Series, number>>> {
  const { count, redis, daemon, caller } = place;
  const before = await joinedBy(daemon);
  const order = {
    target: daemon.target,
    call: 'admit',
    concurrency: CONCURRENCY,
    connections: 1,
    durationMs: loadMsOf(bench),
    subjects: { prefix: `p${turn}-`, count: SUBJECTS },
  } as const;
  const cost = await costOf(generator, order, { serverPid: daemon.pid, redis });
  const after = await joinedBy(daemon);
  return {
    [`${count} daemon µs`]: cost.serverUs,
    [`${count} Redis µs`]: cost.redisUs,
    [`${count} joined`]: (after.admissions - before.admissions) / (after.calls - before.calls),
    [`${count} folding µs`]: await foldingUs(generator, order, { redis, caller }),
    [`${count} Stats ms`]: await meanStatsMs(caller),
    [`${count} idle %`]: await idlePercent(place),
  };
}

/** The admissions that a daemon has sent to Redis so far, and in how many calls. */
async function joinedBy(daemon: BenchDaemon): Promise<{ admissions: number; calls: number }> {
  const { quota_joined_admissions_sum: admissions, quota_joined_admissions_count: calls } =
    await daemon.metrics('quota_joined_admissions_sum', 'quota_joined_admissions_count');
  return { admissions, calls };
}

/** What folding takes of Redis for one admission: its steps, and those that find nothing to do. */
async function foldingUs(
  generator: Generator,
  order: Omit<ClosedOrder, 'kind'>,
  { redis, caller }: Pick<Place, 'redis' | 'caller'>,
): Promise<number> {
  const { result, us } = await functionUs(redis.client, 'fold', async () => {
    const { admitted } = await generator.closed({ ...order, count: FOLDED });
    // Folds what is left.
    await caller.stats();
    return admitted;
  });
  return us / result;
}

export async function meanStatsMs(caller: Caller): Promise<number> {
  // The first one folds what the load has left.
  await caller.stats();
  const startMs = performance.now();
  for (let question = 0; question < QUESTIONS; question += 1) await caller.stats();
  return (performance.now() - startMs) / QUESTIONS;
}

/** How much of a core the daemon and Redis use while nobody asks anything. */
async function idlePercent({ redis, daemon }: Place): Promise<number> {
  const used = async () => cpuUsOf(daemon.pid) + (await redis.cpuUs());
  const before = await used();
  await pause(IDLE_MS);
  return ((await used()) - before) / (IDLE_MS * 10);
}
