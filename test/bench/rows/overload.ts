import { type Bench, longRoundsOf, type Measured } from '../bench';
import { recoveryS } from '../figures/recovery';
import type { OpenResult, PhaseResult } from '../load/orders';
import { memoryOf } from '../processes/cpu';
import type { BenchRedis } from '../processes/redis';
import { CONNECTIONS, capacityOf, DEADLINE_MS } from './capacity';
import { onStage } from './stage';

const TIMES_CAPACITY = 5;

const CALM_MS = 3_000;
const STORM_MS = 30_000;
const AFTER_MS = 4_000;
const QUICK_STORM_MS = 1_000;

const SAMPLE_MS = 100;

const MEGABYTE = 2 ** 20;

/** What becomes of a daemon that is offered far more than it can do. */
export async function measureOverload(bench: Bench): Promise<Measured> {
  const rounds: Round[] = [];
  while (rounds.length < longRoundsOf(bench)) rounds.push(await measureRound(bench));
  const series = (name: keyof Round) => rounds.map((round) => round[name]);
  return {
    'overload.answered': {
      rounds: series('answered'),
      parts: {
        'capacity/s': series('capacity'),
        'offered/s': series('offeredPerSecond'),
        'answered/s': series('answeredPerSecond'),
        'refused/s': series('refusedPerSecond'),
        'connections opened anew': series('reopened'),
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
function measureRound(bench: Bench) {
  return onStage(bench, async (stage) => {
    const redis = await stage.redis('overload');
    const { target, pid } = await stage.daemon({ name: 'overload', redis });
    const generator = stage.generator();
    const calm = await withMostMemory(pid, () => capacityOf(bench, generator, target));
    const capacity = calm.result;
    const stormMs = bench.isQuick ? QUICK_STORM_MS : STORM_MS;
    const storm = await withMostMemory(pid, () =>
      generator.open({
        target,
        connections: CONNECTIONS,
        deadlineMs: DEADLINE_MS,
        subjectPrefix: 'storm-',
        phases: [
          { perSecond: capacity / 2, durationMs: CALM_MS },
          { perSecond: capacity * TIMES_CAPACITY, durationMs: stormMs },
          { perSecond: capacity / 2, durationMs: AFTER_MS },
        ],
      }),
    );
    return {
      ...shownBy(storm.result, { capacity, stormMs, charged: await chargedSubjects(redis, 'storm-') }),
      memory: storm.mostBytes / calm.mostBytes,
      capacityMb: calm.mostBytes / MEGABYTE,
      stormMb: storm.mostBytes / MEGABYTE,
    };
  });
}

function shownBy(
  result: OpenResult,
  { capacity, stormMs, charged }: { capacity: number; stormMs: number; charged: number },
) {
  const [before, storm, after] = result.phases;
  if (!before || !storm || !after) throw new Error('the load generator has left out a phase');
  const perSecond = (count: number) => count / (stormMs / 1000);
  return {
    capacity,
    answered: perSecond(storm.answered) / capacity,
    offeredPerSecond: perSecond(storm.offered),
    answeredPerSecond: perSecond(storm.answered),
    refusedPerSecond: perSecond(storm.refused),
    charged,
    reopened: result.reopened,
    unansweredPercent: (100 * (charged - admittedIn(result))) / Math.max(1, charged),
    recoveryS: recoveryS(after.slices, before.p99Us),
    clientPercent: (100 * result.cpuUs) / ((CALM_MS + stormMs + AFTER_MS) * 1000),
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
