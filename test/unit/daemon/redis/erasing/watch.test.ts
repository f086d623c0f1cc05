import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import type { ErasedSubjects } from '../../../../../daemon/quota/erasing';
import { createErasureWatch, type ErasureWatch } from '../../../../../daemon/redis/erasing/watch';
import { createKeys } from '../../../../../daemon/redis/keys';
import { pack } from '../../../../../daemon/redis/packing';

const PARTITIONS = 300;
const LOOK_MS = 500;
const SWEEP_MS = 120_000;

/** After this, a partition without an announcement is left alone again. */
const QUIET_MS = 12_000;

const keys = createKeys({ prefix: '', partitions: PARTITIONS });

/** What the watch reads of Redis, as a test sets it. */
function fakeRedis() {
  const marks: Record<string, string> = {};
  const running = new Map<string, Buffer>();
  const erased = new Map<string, string[]>();
  /** The partitions that were looked at, in order. */
  let looks: string[] = [];
  let polls = 0;
  let fails: (key: string) => boolean = () => false;
  const answer = async <T>(key: string, value: T): Promise<T> => {
    if (fails(key)) throw new Error('Command timed out');
    return value;
  };
  return {
    database: {
      hget(key: string, field: string) {
        polls += 1;
        return answer(key, marks[field] ?? null);
      },
      hgetall: (key: string) => answer(key, { ...marks }),
      hvalsBuffer(key: string) {
        looks.push(key);
        return answer(key, running.has(key) ? [running.get(key)] : []);
      },
      zscan: (key: string) => answer(key, ['0', erased.get(key) ?? []]),
    } as unknown as Redis,
    announce(partition: number, mark: string) {
      marks[partition] = mark;
      marks.latest = mark;
    },
    begin(partition: number, subject: string, begunUs: number) {
      const { running: runningKey, erased: erasedKey } = keys.erasures(partition);
      running.set(runningKey, pack({ subject, subject_hash: `#${subject}`, begun_us: begunUs }));
      erased.set(erasedKey, [`#${subject}`, String(begunUs)]);
    },
    end: (partition: number) => running.delete(keys.erasures(partition).running),
    failFor(is: (key: string) => boolean) {
      fails = is;
    },
    seen() {
      const seen = { looks, polls };
      looks = [];
      polls = 0;
      return seen;
    },
  };
}

let redis: ReturnType<typeof fakeRedis>;
let heard: ErasedSubjects[];
let watch: ErasureWatch;
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const names = () => heard.splice(0).map(({ named, hashed }) => [[...named.keys()], [...hashed.keys()]]);

beforeEach(async () => {
  jest.useFakeTimers();
  redis = fakeRedis();
  heard = [];
  watch = createErasureWatch({
    redis: redis.database,
    keys,
    partitions: PARTITIONS,
    isOpen: () => true,
    onErased: (erased) => void heard.push(erased),
    logger: pino({ level: 'silent' }),
  });
});
afterEach(async () => {
  await watch.stop();
  jest.useRealTimers();
});

/** Starts, and looks at all partitions once. */
async function start(): Promise<void> {
  watch.start();
  await pass(QUIET_MS);
  redis.seen();
}

describe('erasure watch', () => {
  test('that could not read the announcements for minutes reports who was erased meanwhile', async () => {
    redis.failFor((key) => key === keys.announcedErasures);
    watch.start();
    await pass(SWEEP_MS);
    redis.begin(7, 'ada', 1);
    await pass(SWEEP_MS);
    redis.end(7);
    redis.failFor(() => false);
    heard.splice(0);
    await pass(QUIET_MS);

    expect(names()).toContainEqual([[], ['#ada']]);
  });

  test('asks every partition once at the start, and from then on only for announcements', async () => {
    watch.start();
    await pass(LOOK_MS);
    const first = redis.seen();
    await pass(SWEEP_MS);
    const later = redis.seen();

    expect(new Set(first.looks).size).toBe(PARTITIONS);
    expect(later.polls).toBe(SWEEP_MS / LOOK_MS);
    // The sweep.
    expect(new Set(later.looks).size).toBe(PARTITIONS);
    expect(later.looks).toHaveLength(PARTITIONS);
  });

  test('reports an announced erasure by name within one look, until it ends, and then leaves the partition', async () => {
    await start();
    redis.announce(7, 'a');
    redis.begin(7, 'ada', 1);
    await pass(LOOK_MS);
    const first = names();
    await pass(4 * LOOK_MS);
    const running = names();
    redis.end(7);
    await pass(QUIET_MS);
    const ended = [names(), watch.attended()];

    expect(first).toEqual([[['ada'], []]]);
    expect(running).toEqual(Array(4).fill([['ada'], []]));
    expect(ended).toEqual([[], []]);
  });

  test('sees an erasure that begins some seconds after its announcement', async () => {
    await start();
    redis.announce(7, 'a');
    await pass(8_000);
    redis.begin(7, 'ada', 1);
    await pass(LOOK_MS);

    expect(names()).toEqual([[['ada'], []]]);
  });

  test('sees each of several erasures of one partition, one after the other', async () => {
    await start();
    for (const [at, name] of ['ada', 'bob', 'eve'].entries()) {
      redis.announce(7, name);
      redis.begin(7, name, at);
      await pass(LOOK_MS);
      redis.end(7);
      await pass(QUIET_MS);
    }

    expect(names()).toEqual([
      [['ada'], []],
      [['bob'], []],
      [['eve'], []],
    ]);
  });

  test('finds an erasure whose announcement was lost within one sweep, by its hash if it has ended', async () => {
    await start();
    redis.begin(7, 'ada', 1);
    redis.begin(8, 'bob', 1);
    redis.end(8);
    await pass(SWEEP_MS);
    const found = names();
    await pass(SWEEP_MS);

    expect(found).toContainEqual([['ada'], []]);
    expect(found.filter(([, hashed]) => hashed?.length)).toEqual([[[], ['#bob']]]);
    expect(names().filter(([, hashed]) => hashed?.length)).toEqual([]);
    expect(watch.attended()).toEqual([7]);
  });

  test('after it was cut off, reports each erasure that has ended meanwhile by its hash, once', async () => {
    redis.begin(6, 'old', 1);
    redis.end(6);
    await start();
    redis.failFor(() => true);
    await pass(3_000);
    redis.announce(7, 'a');
    redis.begin(7, 'ada', 1);
    redis.end(7);
    redis.failFor(() => false);
    await pass(2 * LOOK_MS);

    expect(names()).toEqual([[[], ['#ada']]]);
  });

  test('goes on looking at an announced partition that does not answer, until it does', async () => {
    await start();
    redis.announce(7, 'a');
    redis.failFor((key) => key.includes('{7}'));
    await pass(60_000);
    redis.begin(7, 'ada', 1);
    redis.end(7);
    redis.failFor(() => false);
    await pass(LOOK_MS);
    const answered = names();
    await pass(8_000);
    // It was on its way to the server that did not answer.
    redis.begin(7, 'bob', 2);
    await pass(LOOK_MS);

    expect(answered).toEqual([[[], ['#ada']]]);
    expect(names()).toEqual([[['bob'], []]]);
  });
});
