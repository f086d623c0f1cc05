import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Policy } from '../../daemon/quota/policies';
import { DEFAULT_TOP_WINDOW_MS, MAX_LIST_COUNT } from '../../daemon/quota/usage';
import { admit } from '../../daemon/redis/admissions';
import { readConnections } from '../../daemon/redis/connections';
import { createKeys } from '../../daemon/redis/keys';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const policy: Policy = {
  name: 'connection',
  limits: [{ name: 'roomy', algorithm: 'token-bucket', limit: 1_000_000, windowMs: 1000 }],
  recordsConnections: true,
  onStoreFailure: 'deny',
};

let space: RedisSpace;
beforeEach(() => {
  space = openRedisSpace();
});
afterEach(() => space.close());

const keys = () => createKeys({ prefix: space.prefix, partitions: 1 });
const databases = () => ({ redis: space.admissions, keys: keys() });

const connect = (subject: string) =>
  admit(databases(), { subject, policy: policy.name, cost: 1, requestId: undefined }, policy);

const read = ({ topWindowMs = DEFAULT_TOP_WINDOW_MS, recentCount = 100, topCount = 100 } = {}) =>
  readConnections(databases(), 0, { topWindowMs, recentCount, topCount, leastCount: 0, hourCount: 0 });

/** Writes what a daemon would have logged in the past, which no test can wait for. */
async function logPast(entries: readonly { subject: string; connectMs: number }[]): Promise<void> {
  const { log } = keys().connections(0);
  const pipeline = space.admissions.pipeline();
  for (const { subject, connectMs } of entries) pipeline.xadd(log, `${connectMs}-*`, 'subject', subject);
  const results = await pipeline.exec();
  for (const [error] of results ?? []) if (error) throw error;
}

function countBySubject(entries: readonly { subject: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { subject } of entries) counts[subject] = (counts[subject] ?? 0) + 1;
  return counts;
}

const asRecord = (top: readonly { subject: string; count: number }[]) =>
  Object.fromEntries(top.map(({ subject, count }) => [subject, count]));

describe('connections', () => {
  test('a user who connects again, listed once, at the latest time', async () => {
    for (const subject of ['ada', 'bob', 'ada']) await connect(subject);

    const { recent } = await read();

    expect(recent.map(({ subject }) => subject)).toEqual(['ada', 'bob']);
    expect(recent[0]?.connectTimeMs).toBeGreaterThanOrEqual(recent[1]?.connectTimeMs ?? Number.NaN);
  });

  test('more users than are ever listed, the oldest forgotten', async () => {
    for (let user = 0; user < MAX_LIST_COUNT + 5; user += 1) await connect(`user-${user}`);

    const { recent } = await read({ recentCount: MAX_LIST_COUNT });

    expect(recent).toHaveLength(MAX_LIST_COUNT);
    expect(await space.admissions.zcard(keys().connections(0).recent)).toBe(MAX_LIST_COUNT);
  });

  test('the most connected of three days, exact at the edge of the window', async () => {
    const nowMs = Date.now();
    const justInside = nowMs - DEFAULT_TOP_WINDOW_MS + 5000;
    const justOutside = nowMs - DEFAULT_TOP_WINDOW_MS - 1;
    await logPast([
      { subject: 'outside', connectMs: justOutside },
      { subject: 'inside', connectMs: justInside },
    ]);
    for (const subject of ['today', 'today', 'inside']) await connect(subject);

    const { top } = await read();

    expect(asRecord(top)).toEqual({ today: 2, inside: 2 });
  });

  test('a connection that falls out of the window, no longer counted from that second on', async () => {
    await connect('ada');
    const before = await read({ topWindowMs: 1000 });
    await pause(1050);

    const after = await read({ topWindowMs: 1000 });

    expect([asRecord(before.top), asRecord(after.top)]).toEqual([{ ada: 1 }, {}]);
  });

  test('any window over any past, counted as a plain count would', async () => {
    const pastArbitrary = fc.array(
      fc.record({
        subject: fc.constantFrom('a', 'b', 'c', 'd'),
        agoMs: fc.integer({ min: 1, max: 7 * DAY_MS }),
      }),
      { maxLength: 40 },
    );
    const windowsArbitrary = fc.array(fc.integer({ min: HOUR_MS, max: 7 * DAY_MS }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(pastArbitrary, windowsArbitrary, async (past, windowsMs) => {
        const { log } = keys().connections(0);
        const leftovers = await space.admissions.keys(`${space.prefix}connections:*`);
        if (leftovers.length > 0) await space.admissions.del(...leftovers);
        const startMs = Date.now();
        const entries = past.map(({ subject, agoMs }) => ({ subject, connectMs: startMs - agoMs }));
        await logPast(entries.toSorted((a, b) => a.connectMs - b.connectMs));
        for (const topWindowMs of windowsMs) {
          await connect('e');
          const { nowMs, top } = await read({ topWindowMs });
          const logged = await space.admissions.xrange(
            log,
            `(${nowMs - topWindowMs}-18446744073709551615`,
            '+',
          );
          const expected = countBySubject(logged.map(([, [, subject = '']]) => ({ subject })));
          expect(asRecord(top)).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('more expired entries than one run moves, all taken off before an answer', async () => {
    const nowMs = Date.now();
    const longAgo = nowMs - DEFAULT_TOP_WINDOW_MS + 1500;
    await logPast(Array.from({ length: 2500 }, (_, i) => ({ subject: `user-${i % 7}`, connectMs: longAgo })));
    const before = await read();
    await pause(1600);

    const after = await read();

    expect(before.top.reduce((sum, { count }) => sum + count, 0)).toBe(2500);
    expect(after.top).toEqual([]);
  });

  test('an admission, moves the default window by a few entries and no more', async () => {
    const { log, progress } = keys().connections(0);
    const nowMs = Date.now();
    await connect('first');
    await logPast(Array.from({ length: 50 }, (_, i) => ({ subject: `late-${i}`, connectMs: nowMs + 1000 })));
    await connect('second');

    const added = await space.admissions.hget(progress(DEFAULT_TOP_WINDOW_MS), 'added');
    const counted = await space.admissions.xrange(log, '-', added ?? '-');

    expect(counted).toHaveLength(5);
  });

  test('lists of no length, empty instead of whole', async () => {
    await connect('ada');

    const { recent, top } = await read({ recentCount: 0, topCount: 0 });

    expect([recent, top]).toEqual([[], []]);
  });

  test('more windows than are kept, the ones asked for last, and each right', async () => {
    await connect('ada');
    for (let hours = 1; hours <= 12; hours += 1) {
      expect(asRecord((await read({ topWindowMs: hours * HOUR_MS })).top)).toEqual({ ada: 1 });
    }

    const kept = await space.admissions.keys(`${space.prefix}connections:{0}:counts:*`);
    // Eight, and the default one.
    expect(kept).toHaveLength(9);
  });

  test('a window that nobody asks for any more, forgotten by itself', async () => {
    await connect('ada');
    await read({ topWindowMs: HOUR_MS });

    const { counts, progress } = keys().connections(0);
    const lifetimes = await Promise.all(
      [counts(HOUR_MS), progress(HOUR_MS)].map((key) => space.admissions.pttl(key)),
    );

    for (const lifetimeMs of lifetimes) expect(lifetimeMs).toBeGreaterThan(0);
  });
});
