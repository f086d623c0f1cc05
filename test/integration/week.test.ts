import { randomUUID } from 'node:crypto';
import { type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { MAX_HOUR_COUNT, MAX_LIST_COUNT } from '../../daemon/quota/usage';
import { createKeys } from '../../daemon/redis/keys';
import { pairs } from '../../daemon/redis/pairs';
import { DEFAULT_LOG_BYTES } from '../../daemon/redis/usage/retention';
import { Decision, type StatsResponse } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';
import { describeWithShiftedClock, startShiftedRedis } from '../helpers/shifted_redis';

const opened = closedAfterEach();

/** Two steps are one window of the policy: of what was taken before the last step, nothing counts. */
const STEP_MS = 300_000;
const LIMIT = 10;

const STEPS_PER_HOUR = 3_600_000 / STEP_MS;

/** How much happens, and in how little memory: an empty Redis takes nearly two megabytes. */
interface Size {
  /** Stats shows 168 clock hours: one is begun before the first login, and one more may begin while the test runs. */
  readonly hours: number;
  readonly users: number;
  /** In each step. */
  readonly logins: number;
  /** The daemon's own bound unless given. */
  readonly logBytes?: number;
  readonly maxMemory: string;
}

const SMALL: Size = { hours: 166, users: 100, logins: 32, logBytes: 131_072, maxMemory: '6mb' };

/** A hundred logins a second of real users in a real Redis, which takes a while: docs/performance.md has what it showed. */
const { TEST_WEEK_HOURS } = process.env;
const SIZE: Size =
  TEST_WEEK_HOURS === undefined
    ? SMALL
    : { hours: Number(TEST_WEEK_HOURS), users: 50_000, logins: 30_000, maxMemory: '256mb' };
const { hours: HOURS, users: USERS, logins: LOGINS } = SIZE;
const LOG_BYTES = SIZE.logBytes ?? DEFAULT_LOG_BYTES.connections;
const STEPS = HOURS * STEPS_PER_HOUR;

/** What one call asks at most, and how many logins an entry of the log holds. */
const BATCH = 1000;
const MOST_IN_ENTRY = 32;

const WEEK_S = 7 * 86_400;
const BOUND_MS = SIZE === SMALL ? 600_000 : 6 * 3_600_000;

/** One login in four is of a user who logs in half as often again as the limit allows. */
const EAGER_SHARE = 4;
const EAGER_USERS = Math.max(1, Math.round(LOGINS / EAGER_SHARE / (LIMIT * 1.5)));

/** Who logs in: some users more often than they may, many seldom. */
function usersOf(step: number): number[] {
  const eager = (Math.floor(step / 3) % 5) * EAGER_USERS;
  return Array.from({ length: LOGINS }, (_, at) =>
    at % EAGER_SHARE === 0
      ? eager + (Math.floor(at / EAGER_SHARE) % EAGER_USERS)
      : (step * 31 + at * 7) % USERS,
  );
}

/** Logins, by user. */
type Counts = Uint8Array;

/** What was admitted in a step, and the store's time just before. */
interface Step {
  readonly beforeMs: number;
  readonly counts: Counts;
}

const sumOf = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + count, 0);

/** What each user may take in a step: what is left of its limit after the step before. */
function allowed(users: readonly number[], before: Counts): { verdicts: boolean[]; counts: Counts } {
  const counts = new Uint8Array(USERS);
  const verdicts = users.map((user) => {
    const count = counts[user] ?? 0;
    const isAdmitted = count + (before[user] ?? 0) < LIMIT;
    if (isAdmitted) counts[user] = count + 1;
    return isAdmitted;
  });
  return { verdicts, counts };
}

function countedIn(steps: readonly Step[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { counts } of steps)
    for (const [user, count] of counts.entries())
      if (count > 0) sums.set(`user-${user}`, (sums.get(`user-${user}`) ?? 0) + count);
  return sums;
}

/** An entry of the log is dropped whole; of a step of many entries some may be left. */
const IS_STEP_WHOLE = LOGINS <= MOST_IN_ENTRY;

/** Users whose count is not that of all logins since a moment, and of no older ones but those of the step that it is in. */
function wrongCounts(
  counted: ReadonlyMap<string, number>,
  steps: readonly Step[],
  sinceMs: number,
): string[] {
  const since = steps.findIndex(({ beforeMs }) => beforeMs > sinceMs);
  const least = countedIn(steps.slice(since));
  const most = countedIn(steps.slice(IS_STEP_WHOLE ? since : Math.max(0, since - 1)));
  const users = new Set([...counted.keys(), ...most.keys()]);
  return [...users].filter((user) => {
    const count = counted.get(user) ?? 0;
    return count < (least.get(user) ?? 0) || count > (most.get(user) ?? 0);
  });
}

async function timeMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}

const KEYS = createKeys({ prefix: '', partitions: 1 });
const LOG = KEYS.admissions(0, 'connection');

/** What the statistics hold of each user. */
async function countedByStore(redis: Redis): Promise<Map<string, number>> {
  const flat = await redis.zrange(KEYS.usage(0).window(WEEK_S * 1000), 0, '-1', 'WITHSCORES');
  return new Map(pairs(flat).map(([user, count]) => [user, Number(count)]));
}

/** The log's first entry, which changes whenever the log is cut. */
async function oldestInLog(redis: Redis): Promise<string | undefined> {
  const [oldest] = await redis.xrange(LOG, '-', '+', 'COUNT', 1);
  return oldest?.[0];
}

/** What has a bound of its own, and grows up to it for a week: the log, the sample of denials, the counts by hour. */
const BOUNDED = [LOG, KEYS.denials(0, 'connection'), KEYS.usage(0).hours];

/** What Redis uses besides that, and besides the buffers of connections, which a busy machine fills. */
async function usedBesides(redis: Redis): Promise<number> {
  const info = await redis.info('memory');
  const bytesOf = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1]);
  // All of their entries are looked at: by five of them, Redis would only estimate the size.
  const sizes = await Promise.all(BOUNDED.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
  return bytesOf('used_memory') - bytesOf('mem_clients_normal') - sumOf(sizes.map((size) => size ?? 0));
}

/** On a busy machine an answer may be late, which decides nothing: what is asked twice has one id. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const { code } = error as ServiceError;
      if (code !== status.DEADLINE_EXCEEDED && code !== status.UNAVAILABLE) throw error;
    }
  }
}

async function open() {
  const redis = opened.closed(
    // On a busy machine the slow log alone would grow by some kilobytes for each call that had to wait.
    await startShiftedRedis({ maxmemory: SIZE.maxMemory, appendonly: 'no', 'slowlog-log-slower-than': '-1' }),
    (each) => each.close(),
  );
  // A denial is remembered for 250 ms of real time, in which hours pass here.
  const env = { QUOTA_CONNECTION_LOG_BYTES: String(LOG_BYTES), QUOTA_DENIAL_CACHE: 'off' };
  const { client } = await opened.daemon({ redisUrl: redis.url, env });
  const admissions = opened.closed(new Redis(redis.url), (each) => each.disconnect());

  async function decideBatch(users: readonly number[]): Promise<boolean[]> {
    const requests = users.map((user) => {
      return { subject: `user-${user}`, policy: 'connection', requestId: randomUUID() };
    });
    const { results } = await untilAnswered(() => client.batchAdmit(requests));
    return results.map(
      ({ result }) => result?.$case === 'response' && result.value.decision === Decision.ADMITTED,
    );
  }

  async function decide(users: readonly number[]): Promise<boolean[]> {
    const verdicts: boolean[] = [];
    for (let from = 0; from < users.length; from += BATCH)
      verdicts.push(...(await decideBatch(users.slice(from, from + BATCH))));
    return verdicts;
  }

  return { redis, client, admissions, decide };
}

/** Lives through the week. Returns what was admitted, verdicts that are wrong, and the memory once an hour. */
async function live({ redis, admissions, decide }: Awaited<ReturnType<typeof open>>) {
  const steps: Step[] = [];
  const wrong: string[] = [];
  const hourlyBytes: number[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const users = usersOf(step);
    const { verdicts, counts } = allowed(users, steps.at(-1)?.counts ?? new Uint8Array(USERS));
    const beforeMs = await timeMs(admissions);
    const decided = await decide(users);
    for (const [at, user] of users.entries())
      if (decided[at] !== verdicts[at]) wrong.push(`step ${step}: user-${user} ${decided[at]}`);
    steps.push({ beforeMs, counts });
    if (step % STEPS_PER_HOUR === 0) hourlyBytes.push(await usedBesides(admissions));
    redis.shift(STEP_MS);
  }
  return { steps, wrong, hourlyBytes };
}

/** For a run of real size: what it came to. */
async function report({ steps, hourlyBytes }: Awaited<ReturnType<typeof live>>, redis: Redis): Promise<void> {
  if (SIZE === SMALL) return;
  const info = await redis.info('memory');
  const bytesOf = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1]);
  const admitted = steps.reduce((sum, { counts }) => sum + sumOf(counts), 0);
  process.stdout.write(
    `${JSON.stringify({
      hours: HOURS,
      logins: STEPS * LOGINS,
      admitted,
      usedBytes: bytesOf('used_memory'),
      peakBytes: bytesOf('used_memory_peak'),
      logBytes: await redis.memory('USAGE', LOG),
      hourlyBytes,
    })}\n`,
  );
}

const QUESTION = {
  topWindow: { seconds: WEEK_S, nanos: 0 },
  topCount: MAX_LIST_COUNT,
  hourCount: MAX_HOUR_COUNT,
};

/** What Stats answers, and what the store holds of each user: read again if the log was cut in between, which changes both. */
async function readUsage({ admissions, client }: Awaited<ReturnType<typeof open>>) {
  const answers: StatsResponse[] = [];
  for (;;) {
    const oldest = await oldestInLog(admissions);
    const answer = await untilAnswered(() => client.stats(QUESTION));
    answers.push(answer);
    const counted = await countedByStore(admissions);
    if ((await oldestInLog(admissions)) === oldest) return { answers, latest: answer, counted };
  }
}

/** Users that Stats lists with a count that its own `completeSince` does not allow. */
function wronglyListed({ topUsers, completeSince }: StatsResponse, steps: readonly Step[]): string[] {
  const listed = new Map(topUsers.map(({ subject, count }) => [subject, count]));
  return wrongCounts(listed, steps, Number(completeSince)).filter((user) => listed.has(user));
}

describeWithShiftedClock('a week of logins in a Redis of little memory (needs a C compiler)', () => {
  test(
    'every verdict is exact, memory is bounded, and Stats is complete since the oldest login that it counts',
    async () => {
      const place = await open();
      const lived = await live(place);
      const { steps, wrong, hourlyBytes } = lived;
      const { answers, latest, counted } = await readUsage(place);
      const { topUsers, completeSince, hours } = latest;
      await report(lived, place.admissions);

      const total = steps.reduce((sum, { counts }) => sum + sumOf(counts), 0);
      const hourly = hours
        .flatMap(({ policies }) => policies)
        .filter(({ policy }) => policy === 'connection');
      const half = hourlyBytes.length / 2;
      expect(wrong).toEqual([]);
      expect(answers.flatMap((answer) => wronglyListed(answer, steps))).toEqual([]);
      expect(wrongCounts(counted, steps, Number(completeSince))).toEqual([]);
      expect(topUsers).toHaveLength(MAX_LIST_COUNT);
      expect(topUsers.filter(({ subject, count }) => counted.get(subject) !== count)).toEqual([]);
      // Most of the week is no longer in the log.
      expect(sumOf(counted.values())).toBeLessThan(total / 2);
      expect(hourly.reduce((sum, { admittedCount }) => sum + admittedCount, 0)).toBe(total);
      // Its size is looked at once a second, in which hours pass here.
      expect(await place.admissions.memory('USAGE', LOG)).toBeLessThanOrEqual(2 * LOG_BYTES);
      // All that has no bound of its own: five bytes left by each login would show.
      const [early, late] = [hourlyBytes.slice(0, half), hourlyBytes.slice(half)];
      expect(Math.max(...late)).toBeLessThanOrEqual(Math.max(...early) + (LOGINS * STEPS * 5) / 2);
    },
    BOUND_MS,
  );
});
