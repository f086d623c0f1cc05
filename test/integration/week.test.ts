import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createKeys } from '../../daemon/redis/keys';
import { Decision } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';
import { describeWithShiftedClock, startShiftedRedis } from '../helpers/shifted_redis';

const opened = closedAfterEach();

/** Two steps are one window of the policy: of what was taken before the last step, nothing counts. */
const STEP_MS = 300_000;
const LIMIT = 10;

/** As many hours as Stats shows. */
const HOURS = 167;
const STEPS_PER_HOUR = 3_600_000 / STEP_MS;
const STEPS = HOURS * STEPS_PER_HOUR;

const USERS = 100;
const LOGINS = 50;

/** A small log, and a small Redis: an empty one takes nearly two megabytes. */
const LOG_BYTES = 131_072;
const MAX_MEMORY = '6mb';

const WEEK_S = 7 * 86_400;

/** Some users log in more often than they may, many seldom. */
function subjectsOf(step: number): string[] {
  const eager = Math.floor(step / 3) % 5;
  return Array.from(
    { length: LOGINS },
    (_, at) => `user-${at % 4 === 0 ? eager : (step * 31 + at * 7) % USERS}`,
  );
}

type Counts = ReadonlyMap<string, number>;

/** What was admitted in a step, and the store's time just before. */
interface Step {
  readonly beforeMs: number;
  readonly counts: Counts;
}

const sumOf = (counts: Counts) => [...counts.values()].reduce((sum, count) => sum + count, 0);

/** What each subject may take in a step: what is left of its limit after the step before. */
function allowed(subjects: readonly string[], before: Counts): { verdicts: boolean[]; counts: Counts } {
  const counts = new Map<string, number>();
  const verdicts = subjects.map((subject) => {
    const count = counts.get(subject) ?? 0;
    const isAdmitted = count + (before.get(subject) ?? 0) < LIMIT;
    if (isAdmitted) counts.set(subject, count + 1);
    return isAdmitted;
  });
  return { verdicts, counts };
}

function countedSince(steps: readonly Step[], sinceMs: number): Counts {
  const sums = new Map<string, number>();
  for (const { counts } of steps.filter(({ beforeMs }) => beforeMs > sinceMs))
    for (const [subject, count] of counts) sums.set(subject, (sums.get(subject) ?? 0) + count);
  return sums;
}

async function timeMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}

const LOG = createKeys({ prefix: '', partitions: 1 }).admissions(0, 'connection');

/** What Redis uses besides the log, which is cut in steps. */
async function usedBesidesLog(redis: Redis): Promise<number> {
  const [info, logBytes] = await Promise.all([redis.info('memory'), redis.memory('USAGE', LOG)]);
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]) - (logBytes ?? 0);
}

async function open() {
  const redis = opened.closed(await startShiftedRedis({ maxmemory: MAX_MEMORY, appendonly: 'no' }), (each) =>
    each.close(),
  );
  // A denial is remembered for 250 ms of real time, in which hours pass here.
  const env = { QUOTA_CONNECTION_LOG_BYTES: String(LOG_BYTES), QUOTA_DENIAL_CACHE: 'off' };
  const { client } = await opened.daemon({ redisUrl: redis.url, env });
  const admissions = opened.closed(new Redis(redis.url), (each) => each.disconnect());

  async function decide(subjects: readonly string[]): Promise<boolean[]> {
    const { results } = await client.batchAdmit(
      subjects.map((subject) => ({ subject, policy: 'connection' })),
    );
    return results.map(
      ({ result }) => result?.$case === 'response' && result.value.decision === Decision.ADMITTED,
    );
  }

  return { redis, client, admissions, decide };
}

/** Lives through the week. Returns what was admitted, verdicts that are wrong, and the memory once an hour. */
async function live({ redis, admissions, decide }: Awaited<ReturnType<typeof open>>) {
  const steps: Step[] = [];
  const wrong: string[] = [];
  const hourlyBytes: number[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const subjects = subjectsOf(step);
    const { verdicts, counts } = allowed(subjects, steps.at(-1)?.counts ?? new Map());
    const beforeMs = await timeMs(admissions);
    const decided = await decide(subjects);
    for (const [at, subject] of subjects.entries())
      if (decided[at] !== verdicts[at]) wrong.push(`step ${step}: ${subject} ${decided[at]}`);
    steps.push({ beforeMs, counts });
    if (step % STEPS_PER_HOUR === 0) hourlyBytes.push(await usedBesidesLog(admissions));
    redis.shift(STEP_MS);
  }
  return { steps, wrong, hourlyBytes };
}

describeWithShiftedClock('a week of logins in a Redis of little memory (needs a C compiler)', () => {
  test('every verdict exact, memory bounded, Stats complete since the oldest login that it counts', async () => {
    const place = await open();
    const { steps, wrong, hourlyBytes } = await live(place);
    const { topUsers, completeSince, hours } = await place.client.stats({
      topWindow: { seconds: WEEK_S, nanos: 0 },
      topCount: USERS,
      hourCount: HOURS + 1,
    });

    const total = steps.reduce((sum, { counts }) => sum + sumOf(counts), 0);
    const counted = countedSince(steps, Number(completeSince));
    const hourly = hours.flatMap(({ policies }) => policies).filter(({ policy }) => policy === 'connection');
    const half = hourlyBytes.length / 2;
    expect(wrong).toEqual([]);
    expect(new Map(topUsers.map(({ subject, count }) => [subject, count]))).toEqual(counted);
    // Most of the week is no longer in the log.
    expect(sumOf(counted)).toBeLessThan(total / 2);
    expect(hourly.reduce((sum, { admittedCount }) => sum + admittedCount, 0)).toBe(total);
    // Its size is looked at once a second, in which hours pass here.
    expect(await place.admissions.memory('USAGE', LOG)).toBeLessThanOrEqual(2 * LOG_BYTES);
    // The counts by hour grow with the week; logins by themselves do not.
    const [early, late] = [hourlyBytes.slice(0, half), hourlyBytes.slice(half)];
    expect(Math.max(...late)).toBeLessThanOrEqual(Math.max(...early) + LOG_BYTES);
  });
});
