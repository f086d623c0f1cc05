import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import { ratiosOf } from '../figures/statistics';
import type { Subjects } from '../load/orders';
import { captureJoined } from '../redis/capture';
import { entriesOf, type Filling, fill, filledSubject, type Taking } from '../redis/filling';
import { longestCommand } from '../redis/slow_log';
import { type Caller, untilAnswered } from './calls';
import type { Generator } from './generator';
import { costOf } from './load';
import { onStage, type Stage } from './stage';
import { countWindows, statsP99Ms } from './stats_latency';

const FEW_USERS = 1_000;

/** Each user takes all of the limit. */
const TAKINGS = 10;

/** More than the log takes for a connection. */
const CONNECTION_BYTES = 64;

const BATCH_SIZE = 100;
const BATCHES = 8;
const CONNECTIONS = 4;

/** Of a round: the thousand new users of the round take no more than their limit. */
const DECISIONS = FEW_USERS * TAKINGS;

/** A round takes as long as it takes. */
const NO_BOUND_MS = 600_000;

/** For the p99 of one round to be of more than a handful of calls. */
const STATS_FACTOR = 4;

/** What many users cost. */
export function measureMillion(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const few = await startPlace(bench, stage, 'few');
    const many = await startPlace(bench, stage, 'many');
    const filling = await take(bench, many, 0);
    const throughput = await measureThroughput(bench, { few, many, generator: stage.generator(), filling });
    for (let taking = 1; taking < TAKINGS - 1; taking += 1) await take(bench, many, taking);
    const folding = await measureFolding(bench, many);
    return {
      'million.throughput': throughput,
      'million.longest-folding': { rounds: folding },
      ...(await measureStats(bench, many, filling)),
    };
  });
}

type Place = Awaited<ReturnType<typeof startPlace>>;

async function startPlace({ users }: Bench, stage: Stage, name: string) {
  const redis = await stage.redis(name);
  // Or the log would keep about a million connections, and only these would be counted.
  const env = { QUOTA_CONNECTION_LOG_BYTES: String(users * TAKINGS * CONNECTION_BYTES) };
  const daemon = await stage.daemon({ name, redis, env });
  return { redis, daemon, caller: stage.caller(daemon.target) };
}

/** Lets every user take once, and waits until that is counted. */
async function take(
  { users, say }: Bench,
  { redis, caller }: Place,
  taking: number,
  watch?: Taking['watch'],
): Promise<Filling> {
  const template = await captureJoined(redis, caller);
  // Reads exactly, so it waits until all is counted.
  const count = () => untilAnswered(() => caller.stats());
  await fill(redis, template, { users, taking, count, watch });
  say(`  each of ${users} users has ${taking + 1} of ${TAKINGS} connections`);
  return { entries: entriesOf(template) };
}

async function measureThroughput(
  bench: Bench,
  { few, many, generator, filling }: { few: Place; many: Place; generator: Generator; filling: Filling },
) {
  const step =
    (name: string, { redis, daemon }: Place, subjectsOf: (turn: number) => Subjects) =>
    async (turn: number) => {
      const order = {
        target: daemon.target,
        call: 'batch',
        batchSize: BATCH_SIZE,
        concurrency: BATCHES,
        connections: CONNECTIONS,
        durationMs: NO_BOUND_MS,
        count: DECISIONS / BATCH_SIZE,
        subjects: subjectsOf(turn),
      } as const;
      const cost = await costOf(generator, order, { serverPid: daemon.pid, redis });
      return { [name]: cost.perSecond, [`${name} redis`]: cost.redisUs };
    };
  const measured = await interleave<string>(roundsOf(bench), [
    step('few', few, (turn) => ({ prefix: `few-${turn}-`, count: FEW_USERS })),
    step('many', many, () => ({ filling, count: bench.users })),
  ]);
  const series = (name: string) => measured[name] ?? [];
  return {
    rounds: ratiosOf(series('many'), series('few')),
    parts: {
      'decisions/s of few': series('few'),
      'of many': series('many'),
      'Redis µs of few': series('few redis'),
      'of many ': series('many redis'),
    },
  };
}

/** The longest command of each lot of the last taking, in milliseconds. */
async function measureFolding(bench: Bench, many: Place): Promise<number[]> {
  const rounds: number[] = [];
  await take(bench, many, TAKINGS - 1, async (work) => {
    const { longestMs } = await longestCommand(many.redis.client, work);
    rounds.push(longestMs);
  });
  return rounds;
}

async function measureStats(bench: Bench, { redis, caller }: Place, filling: Filling): Promise<Measured> {
  const connections = await countedOf(caller, filledSubject(filling, 0));
  if (connections < TAKINGS) {
    const failure = new Error(`Stats counts ${connections} of the ${TAKINGS} connections of a user`);
    return { 'million.stats': failure, 'million.longest-command': failure };
  }
  const questions = await countWindows(caller);
  const durationMs = loadMsOf(bench) * STATS_FACTOR;
  const measured = await interleave<string>(roundsOf(bench), [
    async () => {
      const { result, longestMs } = await longestCommand(redis.client, () =>
        statsP99Ms(caller, { questions, durationMs }),
      );
      return { p99: result, longest: longestMs };
    },
  ]);
  const { p99 = [], longest = [] } = measured;
  const windows = p99.map(() => questions.length);
  return {
    'million.stats': { rounds: p99, parts: { windows, 'connections of a user': [connections] } },
    'million.longest-command': { rounds: longest },
  };
}

/** The connections of a user that the statistics count. */
async function countedOf(caller: Caller, subject: string): Promise<number> {
  const { subjectUsage } = await caller.stats({ subject });
  return subjectUsage?.connectionCount ?? 0;
}
