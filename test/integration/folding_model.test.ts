import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { masterOf } from '../../daemon/redis/nodes';
import type { Folder } from '../../daemon/redis/usage/fold';
import { ageStore } from '../../scripts/demo/age_store';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { append, type ClaimedStore, claimedStore, countsOf, foldAll, folderOf } from '../helpers/usage';

const HOUR_MS = 3_600_000;

let space: RedisSpace;
beforeAll(() => {
  space = openRedisSpace();
});
afterAll(() => space.close());

/** What happens to a store, one step after the other. */
type Step =
  | { does: 'admit'; subjects: string[] }
  | { does: 'refund'; place: number }
  | { does: 'fold'; daemon: number; steps: number }
  | { does: 'declare'; windowHours: number[] }
  | { does: 'pass'; hours: number }
  | { does: 'shrink' };

const subject = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('admit' as const),
      subjects: fc.array(subject, { minLength: 1, maxLength: 5 }),
    }),
  },
  // Which of the admissions that were not refunded before, as a part of them all: old ones and new ones alike.
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant('refund' as const), place: fc.nat(999) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('fold' as const),
      daemon: fc.nat(1),
      steps: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('declare' as const),
      windowHours: fc.subarray([2, 5, 9], { minLength: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ does: 'shrink' as const }) },
);

/** The store, two daemons that fold it, and what a plain list says. */
async function openModel() {
  const store = await claimedStore(space);
  let windowHours = [2];
  const windowsMs = () => windowHours.map((hours) => hours * HOUR_MS + HOUR_MS / 2);
  // So few pairs a step that most steps end in the middle of something.
  const daemons = [3, 7].map((budget) => folderOf(space, store, { windowsMs, budget }));
  let admitted: { subject: string; atMs: number }[] = [];
  let lastUs = 0;

  return {
    store,
    windowsMs,
    daemons,
    async run(of: Step): Promise<void> {
      if (of.does === 'declare') windowHours = of.windowHours;
      else if (of.does === 'admit') await admit(of.subjects);
      else if (of.does === 'refund') await refund(of.place / 1000);
      else if (of.does === 'pass') await pass(of.hours * HOUR_MS);
      else if (of.does === 'shrink') await shrink(store);
      else for (let at = 0; at < of.steps; at += 1) await daemons[of.daemon]?.fold(0);
    },
    expected(windowMs: number, sinceMs: number): Record<string, number> {
      const counts: Record<string, number> = {};
      for (const { subject, atMs } of admitted)
        if (atMs > Math.max(Date.now() - windowMs, sinceMs)) counts[subject] = (counts[subject] ?? 0) + 1;
      return counts;
    },
  };

  async function pass(shiftMs: number): Promise<void> {
    const redis = masterOf(space.admissions, store.keys.control(0));
    await ageStore({ redis, keyPrefix: store.prefix }, shiftMs);
    admitted = admitted.map(({ subject, atMs }) => ({ subject, atMs: atMs - shiftMs }));
    lastUs = 0;
  }

  /** No two of one microsecond, as a log has them too, and none that is dated later than now. */
  function nextMs(): number {
    lastUs = Math.max((Date.now() - 60_000) * 1000, lastUs + 1);
    return lastUs / 1000;
  }

  async function refund(place: number): Promise<void> {
    const [refunded] = admitted.splice(Math.floor(place * admitted.length), 1);
    if (refunded === undefined) return;
    const { subject, atMs } = refunded;
    await append(space, store, [{ subjects: [subject], atMs: nextMs(), refundedMs: atMs }]);
  }

  async function admit(subjects: string[]): Promise<void> {
    const atMs = nextMs();
    await append(space, store, [{ subjects, atMs }]);
    for (const each of subjects) admitted.push({ subject: each, atMs });
  }
}

/** Asks for the two oldest entries to go, as a log does that is too large. */
async function shrink({ keys }: ClaimedStore): Promise<void> {
  const { state } = keys.usage(0);
  if (await space.admissions.hexists(state, 'folded:connection'))
    await space.admissions.hset(state, 'drop:connection', 2);
}

async function completeSinceMs(folder: Folder, windowMs: number): Promise<number> {
  const query = { windowMs, recentCount: 0, topCount: 0, subject: undefined };
  const { usage } = await folder.fold(0, { query });
  return (usage?.complete_since_us ?? Number.NaN) / 1000;
}

describe('folding', () => {
  test('any history with refunds, two daemons and windows that come and go is counted as a plain list counts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const model = await openModel();
        for (const each of steps) await model.run(each);
        for (const folder of model.daemons) await foldAll(folder);

        for (const windowMs of model.windowsMs()) {
          const [folder] = model.daemons;
          const sinceMs = folder ? await completeSinceMs(folder, windowMs) : Number.NaN;
          expect(await countsOf(space, model.store, windowMs)).toEqual(model.expected(windowMs, sinceMs));
        }
      }),
      { numRuns: 80 },
    );
  });

  test('two daemons at once count each entry once', async () => {
    const store = await claimedStore(space);
    const windowsMs = () => [HOUR_MS];
    const subjects = Array.from({ length: 400 }, (_, at) => `user-${at % 13}`);
    await append(
      space,
      store,
      subjects.map((each) => ({ subjects: [each], atMs: Date.now() })),
    );
    const daemons = [1, 2, 3, 4].map((budget) =>
      folderOf(space, store, { windowsMs, budget, daemonId: randomUUID() }),
    );

    await Promise.all(daemons.map(foldAll));

    const counts = await countsOf(space, store, HOUR_MS);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(400);
  });
});
