import type { Bench, Measured } from '../bench';
import { recoveryS } from '../figures/recovery';
import type { OpenResult, PhaseResult } from '../load/orders';
import { memoryOf } from '../processes/cpu';
import { type BenchDaemon, startBenchDaemon } from '../processes/daemon';
import { type BenchRedis, startBenchRedis } from '../processes/redis';
import { CONNECTIONS, capacityOf, DEADLINE_MS } from './capacity';
import { type Generator, startGenerator } from './generator';

const TIMES_CAPACITY = 5;

/** A round takes most of a minute, so there are fewer than of the others. */
const ROUNDS = 3;

const CALM_MS = 3_000;
const STORM_MS = 30_000;
const AFTER_MS = 4_000;
const QUICK_STORM_MS = 1_000;

const SAMPLE_MS = 100;

/** What becomes of a daemon that is offered far more than it can do. */
export async function measureOverload(bench: Bench): Promise<Measured> {
  const rounds: Round[] = [];
  for (let round = 0; round < (bench.isQuick ? 1 : ROUNDS); round += 1) {
    const redis = await startBenchRedis(bench, 'redis_overload');
    const daemon = await startBenchDaemon(bench, { name: 'daemon_overload', redis });
    const generator = startGenerator();
    try {
      rounds.push(await measureRound(bench, { redis, daemon, generator }));
    } finally {
      for (const each of [generator, daemon, redis]) await each.stop();
    }
  }
  const series = (name: keyof Round) => rounds.map((round) => round[name]);
  return {
    'overload.answered': {
      rounds: series('answered'),
      parts: {
        'capacity/s': series('capacity'),
        'offered/s': series('offeredPerSecond'),
        'answered/s': series('answeredPerSecond'),
        'refused/s': series('refusedPerSecond'),
        'client CPU %': series('clientPercent'),
      },
    },
    'overload.unanswered': {
      rounds: series('unansweredPercent'),
      parts: { charged: series('charged') },
    },
    'overload.memory': {
      rounds: series('memory'),
      parts: { 'MB at capacity': series('capacityMb'), 'MB at most': series('stormMb') },
    },
    'overload.recovery': { rounds: series('recoveryS') },
  };
}

type Round = Awaited<ReturnType<typeof measureRound>>;
type Place = { redis: BenchRedis; daemon: BenchDaemon; generator: Generator };

async function measureRound(bench: Bench, { redis, daemon, generator }: Place) {
  const { target, pid } = daemon;
  await capacityOf(bench, generator, { target, subjectPrefix: 'warm-' });
  const { result: capacity, mostBytes: capacityBytes } = await withMostMemory(pid, () =>
    capacityOf(bench, generator, { target, subjectPrefix: 'capacity-' }),
  );
  const half = { perSecond: capacity / 2 };
  const stormMs = bench.isQuick ? QUICK_STORM_MS : STORM_MS;
  const { result, mostBytes } = await withMostMemory(pid, () =>
    generator.open({
      target,
      connections: CONNECTIONS,
      deadlineMs: DEADLINE_MS,
      subjectPrefix: 'storm-',
      phases: [
        { ...half, durationMs: CALM_MS },
        { perSecond: capacity * TIMES_CAPACITY, durationMs: stormMs },
        { ...half, durationMs: AFTER_MS },
      ],
    }),
  );
  const [calm, storm, after] = result.phases;
  if (!calm || !storm || !after) throw new Error('the load generator has left out a phase');
  const charged = await chargedSubjects(redis, 'storm-');
  const perSecond = (count: number) => count / (stormMs / 1000);
  return {
    capacity,
    answered: perSecond(storm.answered) / capacity,
    offeredPerSecond: perSecond(storm.offered),
    answeredPerSecond: perSecond(storm.answered),
    refusedPerSecond: perSecond(storm.refused),
    charged,
    unansweredPercent: (100 * (charged - admittedIn(result))) / Math.max(1, charged),
    memory: mostBytes / capacityBytes,
    capacityMb: capacityBytes / 2 ** 20,
    stormMb: mostBytes / 2 ** 20,
    recoveryS: recoveryS(after.slices, calm.p99Us),
    clientPercent: result.cpuUs / (CALM_MS + stormMs + AFTER_MS) / 10,
  };
}

function admittedIn({ phases }: OpenResult): number {
  return phases.reduce((sum, { admitted }: PhaseResult) => sum + admitted, 0);
}

/** How many subjects with this prefix have taken something. Each call has its own subject, so these are the charged calls. */
async function chargedSubjects({ client }: BenchRedis, prefix: string): Promise<number> {
  let count = 0;
  const keys = client.scanStream({ match: `*:connection:*${prefix}*`, count: 1_000 });
  // Earlier versions kept the memory of a request in a key of its own.
  for await (const page of keys as AsyncIterable<string[]>)
    count += page.filter((key) => !key.startsWith('requests:')).length;
  return count;
}

/** Does the work. Returns its result, and the most memory that the process held meanwhile, in bytes. */
async function withMostMemory<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T; mostBytes: number }> {
  let mostBytes = memoryOf(pid);
  const timer = setInterval(() => {
    mostBytes = Math.max(mostBytes, memoryOf(pid));
  }, SAMPLE_MS);
  try {
    return { result: await work(), mostBytes };
  } finally {
    clearInterval(timer);
  }
}
