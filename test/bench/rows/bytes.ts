import { type Bench, longRoundsOf, type Measured } from '../bench';
import type { BenchRedis } from '../processes/redis';
import { captureAdmission } from '../redis/capture';
import { sizesOf, sumOf } from '../redis/memory';
import { replay } from '../redis/replay';
import { numbered, USER } from '../redis/template';
import { untilAnswered } from './calls';
import { onStage } from './stage';

const USERS = 10_000;
const QUICK_USERS = 1_000;
const TAKINGS = 10;

/** What users and their admissions take of Redis's memory and of its append-only file. */
export async function measureBytes(bench: Bench): Promise<Measured> {
  const rounds: Round[] = [];
  while (rounds.length < longRoundsOf(bench)) rounds.push(await measureRound(bench));
  const series = (name: keyof Round) => ({ rounds: rounds.map((round) => round[name]) });
  const isCounted = rounds.every(({ windows }) => windows > 0);
  const notCounted = new Error('no sorted set counts the connections of every user');
  return {
    'bytes.user': series('user'),
    'bytes.window': isCounted
      ? { ...series('window'), parts: { windows: series('windows').rounds } }
      : notCounted,
    'bytes.log': series('log'),
    'bytes.aof': series('aof'),
    'bytes.aof-folded': isCounted ? series('aofFolded') : notCounted,
  };
}

type Round = Awaited<ReturnType<typeof measureRound>>;

function measureRound(bench: Bench) {
  return onStage(bench, async (stage) => {
    const redis = await stage.redis('bytes');
    const daemon = await stage.daemon({ name: 'bytes', redis });
    const caller = stage.caller(daemon.target);
    const users = bench.isQuick ? QUICK_USERS : USERS;
    const admissions = users * TAKINGS;

    const template = await captureAdmission(redis, caller, USER);
    // So that nothing is counted or trimmed yet.
    const resume = daemon.freeze();
    const before = await usedOf(redis);
    await replay(redis, admissions, (index) => numbered(template, { subject: index % users, taking: index }));
    const decided = await usedOf(redis);
    const shared = await sharedOf(redis);
    resume();
    // Reads exactly, so it waits until all is counted.
    await untilAnswered(() => caller.stats());
    const folded = await usedOf(redis);
    const windows = await windowsOf(redis, users);
    return {
      user: (decided.memory - before.memory - sumOf(shared)) / users,
      log: sumOf(shared.filter(({ type }) => type === 'stream')) / admissions,
      window: sumOf(windows) / windows.length / users,
      windows: windows.length,
      aof: (decided.aof - before.aof) / admissions,
      aofFolded: (folded.aof - before.aof) / admissions,
    };
  });
}

async function usedOf({ info }: BenchRedis) {
  return { memory: await info('used_memory'), aof: await info('aof_current_size') };
}

/** The keys that belong to no user: theirs end with the user's name, which has six digits and is below 100,000. */
function sharedOf({ client }: BenchRedis) {
  return sizesOf(client, (key) => !/:0\d{5}$/.test(key));
}

/** The sorted sets that hold every user: the counts of each window. */
async function windowsOf(redis: BenchRedis, users: number) {
  const sets = (await sharedOf(redis)).filter(({ type }) => type === 'zset');
  const counts = await Promise.all(sets.map(({ key }) => redis.client.zcard(key)));
  return sets.filter((_, at) => (counts[at] ?? 0) >= users);
}
