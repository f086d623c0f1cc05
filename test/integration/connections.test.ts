import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MAX_LIST_COUNT } from '../../daemon/quota/usage';
import type { Folder } from '../../daemon/redis/usage/fold';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { append, claimedStore, countsOf, foldAll, folderOf } from '../helpers/usage';
import { quickly } from '../helpers/wait';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

let space: RedisSpace;
beforeEach(() => {
  space = openRedisSpace();
});
afterEach(() => space.close());

const query = (
  windowMs: number,
  rest: { recentCount?: number; topCount?: number; subject?: string } = {},
) => ({
  query: { windowMs, recentCount: 100, topCount: 100, subject: undefined, ...rest },
});

async function read(folder: Folder, windowMs: number, rest = {}) {
  for (;;) {
    const { usage, now_us } = await folder.fold(0, query(windowMs, rest));
    if (usage) return { ...usage, nowMs: now_us / 1000, completeSinceMs: usage.complete_since_us / 1000 };
  }
}

const subjectsOf = (flat: readonly string[]) => flat.filter((_, at) => at % 2 === 0);

async function open(windowsMs: number[] = [DAY_MS], settings = {}) {
  const store = await claimedStore(space);
  const folder = folderOf(space, store, { windowsMs: () => windowsMs, ...settings });
  return { store, folder, windowsMs, state: store.keys.usage(0).state };
}

describe('connections', () => {
  test('a user who connects again is listed once, at the latest time', async () => {
    const { store, folder } = await open();
    const nowMs = Date.now();
    await append(
      space,
      store,
      ['ada', 'bob', 'ada'].map((each, at) => ({ subjects: [each], atMs: nowMs - 10 + at })),
    );

    const { recent } = await read(folder, DAY_MS);

    expect(recent).toEqual(['ada', String((nowMs - 8) * 1000), 'bob', String((nowMs - 9) * 1000)]);
  });

  test('of more users than are ever listed, the oldest are forgotten', async () => {
    const { store, folder } = await open();
    for (const first of [0, MAX_LIST_COUNT - 20]) {
      const users = Array.from({ length: 40 }, (_, at) => `user-${first + at}`);
      await append(space, store, [{ subjects: users, atMs: Date.now() }]);
      await append(space, store, [{ subjects: users.map((user) => `${user}-too`), atMs: Date.now() }]);
      await foldAll(folder);
    }

    expect(subjectsOf((await read(folder, DAY_MS)).recent)).toHaveLength(MAX_LIST_COUNT);
    expect(await space.admissions.zcard(store.keys.usage(0).recent)).toBe(MAX_LIST_COUNT);
  });

  test('a connection that falls out of the window is no longer counted from that moment on', async () => {
    const connectAndRead = async () => {
      const { store, folder } = await open([1000]);
      await append(space, store, [{ subjects: ['ada'], atMs: Date.now() }]);
      return { folder, before: await read(folder, 1000) };
    };
    const { folder, before } = await quickly('a connection that is read', connectAndRead, {
      lessThanMs: 1000,
    });
    await pause(1050);

    const after = await read(folder, 1000);

    expect([before.top, after.top]).toEqual([['ada', '1'], []]);
  });

  test('lists of no length are empty instead of whole', async () => {
    const { store, folder } = await open();
    await append(space, store, [{ subjects: ['ada'], atMs: Date.now() }]);

    const { recent, top } = await read(folder, DAY_MS, { recentCount: 0, topCount: 0 });

    expect([recent, top]).toEqual([[], []]);
  });

  test('a window that is declared later is filled from the log in steps and incomplete until then', async () => {
    const { store, folder, windowsMs } = await open([DAY_MS], { budget: 20 });
    const nowMs = Date.now();
    await append(
      space,
      store,
      Array.from({ length: 100 }, (_, at) => ({ subjects: ['ada'], atMs: nowMs - HOUR_MS + at })),
    );
    await foldAll(folder);
    windowsMs.push(2 * DAY_MS);

    const early = await read(folder, 2 * DAY_MS);
    await foldAll(folder);
    const late = await read(folder, 2 * DAY_MS);

    expect(Number(early.top[1])).toBeLessThan(100);
    expect(early.completeSinceMs).toBeGreaterThan(nowMs - HOUR_MS);
    expect(late.top).toEqual(['ada', '100']);
    expect(late.completeSinceMs).toBeCloseTo(late.nowMs - 2 * DAY_MS, 0);
  });

  test('a window that no daemon has declared for a while is forgotten with its counts', async () => {
    const { store, folder, windowsMs, state } = await open([DAY_MS, HOUR_MS]);
    await append(space, store, [{ subjects: ['ada'], atMs: Date.now() }]);
    await foldAll(folder);
    windowsMs.pop();
    await foldAll(folder);
    const kept = await countsOf(space, store, HOUR_MS);
    await space.admissions.hset(state, `window:${HOUR_MS}`, (Date.now() - 11 * 60_000) * 1000);
    await foldAll(folder);

    expect(kept).toEqual({ ada: 1 });
    expect(await space.admissions.exists(store.keys.usage(0).window(HOUR_MS))).toBe(0);
    expect((await space.admissions.hkeys(state)).filter((field) => field.includes(String(HOUR_MS)))).toEqual(
      [],
    );
  });
});

describe('connections, a log that is too large', () => {
  test('its oldest entries are retired from every window and then dropped', async () => {
    const bytes = { connections: 70_000, others: 70_000 };
    const { store, folder } = await open([DAY_MS, HOUR_MS], { logBytes: bytes, budget: 1000 });
    const nowMs = Date.now();
    const entries = Array.from({ length: 5000 }, (_, at) => ({
      subjects: [`user-${at % 50}`],
      atMs: nowMs - 60_000 + at,
    }));
    await append(space, store, entries);
    await foldAll(folder);
    await folder.fold(0, { isMeasuring: true });
    await foldAll(folder);

    const log = store.keys.admissions(0, 'connection');
    const { top, completeSinceMs } = await read(folder, DAY_MS);
    const left = await space.admissions.xrange(log, '-', '+');
    const counted = top.filter((_, at) => at % 2 === 1).reduce((sum, count) => sum + Number(count), 0);
    expect(await space.admissions.memory('USAGE', log)).toBeLessThanOrEqual(bytes.connections);
    expect(left.length).toBeGreaterThan(1000);
    expect(counted).toBe(left.length);
    expect(await countsOf(space, store, HOUR_MS)).toEqual(await countsOf(space, store, DAY_MS));
    expect(completeSinceMs).toBe(Number(left[0]?.[0].split('-')[0]) / 1000 - 1);
  });

  test('a log that somebody deleted is counted again from what it holds', async () => {
    const { store, folder } = await open();
    await append(space, store, [{ subjects: ['ada', 'ada'], atMs: Date.now() - 1000 }]);
    await foldAll(folder);
    await space.admissions.del(store.keys.admissions(0, 'connection'));
    await foldAll(folder);
    await append(space, store, [{ subjects: ['bob'], atMs: Date.now() }]);
    await foldAll(folder);

    expect(await countsOf(space, store, DAY_MS)).toEqual({ bob: 1 });
  });
});

describe('connections, a clock that leaps forward and back', () => {
  /** As after a year ahead: entries and state of then, the clock of now. */
  async function leap({ state, store, folder }: Awaited<ReturnType<typeof open>>) {
    const ahead = Date.now() + YEAR_MS;
    await append(space, store, [{ subjects: ['early'], atMs: Date.now() - HOUR_MS }]);
    await foldAll(folder);
    await append(space, store, [{ subjects: ['ahead'], atMs: ahead }]);
    await foldAll(folder);
    await space.admissions.hset(state, 'now', ahead * 1000);
    await space.admissions.zadd(store.keys.usage(0).recent, ahead * 1000, 'ahead');
    await space.admissions.hset(
      store.keys.usage(0).hours,
      `${Math.floor(ahead / HOUR_MS) * HOUR_MS}:connection:admitted`,
      1,
    );
  }

  test('entries whose ids stay in the future are counted by the time that they carry', async () => {
    const opened = await open([DAY_MS]);
    await leap(opened);
    const { store, folder } = opened;
    await append(space, store, [{ subjects: ['late'], atMs: Date.now() - 1000, isFrozen: true }]);

    const { top, recent } = await read(folder, DAY_MS);

    expect(subjectsOf(top).sort()).toEqual(['ahead', 'early', 'late']);
    // Who connected in the future did so just now.
    expect(subjectsOf(recent)).toEqual(['ahead', 'late', 'early']);
  });

  test('what the leap had retired is counted again', async () => {
    const opened = await open([DAY_MS]);
    await leap(opened);
    const { store, folder, state } = opened;
    const id = await firstId(store);
    await space.admissions.hset(state, `low:${DAY_MS}:connection`, id);
    await space.admissions.zrem(store.keys.usage(0).window(DAY_MS), 'early');
    await foldAll(folder);

    expect(await countsOf(space, store, DAY_MS)).toEqual({ early: 1, ahead: 1 });
  });

  test('the last users and the hours are never in the future', async () => {
    const opened = await open([DAY_MS]);
    await leap(opened);
    const { store, folder } = opened;
    const { recent, nowMs } = await read(folder, DAY_MS);

    expect(Number(recent[1])).toBeLessThanOrEqual(nowMs * 1000);
    const hours = await space.admissions.hkeys(store.keys.usage(0).hours);
    expect(hours.filter((field) => Number(field.split(':')[0]) > Date.now())).toEqual([]);
  });

  test('an entry of the leap is retired one window after the clock went back, and blocks none behind it', async () => {
    const opened = await open([DAY_MS]);
    await leap(opened);
    const { store, folder, state } = opened;
    await append(space, store, [{ subjects: ['late'], atMs: Date.now() - DAY_MS - 1000, isFrozen: true }]);
    await foldAll(folder);
    const before = await countsOf(space, store, DAY_MS);
    await space.admissions.hset(state, 'back', (Date.now() - DAY_MS - 1000) * 1000);
    await append(space, store, [{ subjects: ['now'], atMs: Date.now(), isFrozen: true }]);
    await space.admissions.hset(state, `low:${DAY_MS}:connection`, await firstId(store));
    await space.admissions.zrem(store.keys.usage(0).window(DAY_MS), 'early');
    await foldAll(folder);

    expect(before).toMatchObject({ ahead: 1 });
    expect(await countsOf(space, store, DAY_MS)).toEqual({ now: 1 });
  });

  async function firstId(store: Awaited<ReturnType<typeof open>>['store']): Promise<string> {
    const [first] = await space.admissions.xrange(
      store.keys.admissions(0, 'connection'),
      '-',
      '+',
      'COUNT',
      1,
    );
    return first?.[0] ?? '0-0';
  }
});
