import { describe, expect, test } from '@jest/globals';
import { createSimulatedDaemon, type SimulatedDaemon } from '../../../bench/simulation/daemons';

const NEVER_US = Number.MAX_SAFE_INTEGER;

/** A daemon on a store that denies subjects from 100 on, and what came of its calls. */
function start({ hasDenialCache = true, nextUs = NEVER_US } = {}) {
  const calls: string[] = [];
  const cached: number[] = [];
  const decided: number[] = [];
  const daemon = createSimulatedDaemon({
    subjects: { take: (subject) => (subject < 100 ? 0 : nextUs) },
    partitionOf: (subject) => subject % 10,
    turn: { fixedUs: 100, callUs: 10 },
    hasDenialCache,
    events: {
      deniedByCache: (subject) => cached.push(subject),
      decided: (subject) => decided.push(subject),
      called: (partition, admissions) => calls.push(`${partition}:${admissions}`),
    },
  });
  return { daemon, calls, cached, decided };
}

function arriveAll(daemon: SimulatedDaemon, arrivals: readonly (readonly [us: number, subject: number])[]) {
  for (const [us, subject] of arrivals) daemon.arrive([subject], us);
  daemon.finish();
}

describe('a simulated daemon', () => {
  test('joins what arrives during a turn into one call for each partition of the next', () => {
    const { daemon, calls } = start();
    arriveAll(daemon, [
      [0, 1],
      [50, 11],
      [60, 21],
      [70, 2],
      [300, 3],
    ]);
    expect(calls).toEqual(['1:1', '1:2', '2:1', '3:1']);
  });

  test('cuts a call of more than 128 admissions', () => {
    const { daemon, calls } = start();
    arriveAll(daemon, [[0, 1], ...Array.from({ length: 130 }, () => [1, 1] as const)]);
    expect(calls).toEqual(['1:1', '1:128', '1:2']);
  });

  test('asks once in 250 ms for a subject that is denied', () => {
    const { daemon, decided, cached } = start();
    arriveAll(
      daemon,
      [0, 100_000, 249_000, 250_000, 499_000, 500_000].map((us) => [us, 100] as const),
    );
    expect(decided).toEqual([100, 100, 100]);
    expect(cached).toHaveLength(3);
  });

  test('asks again once the next token is there', () => {
    const { daemon, decided } = start({ nextUs: 1_000 });
    arriveAll(daemon, [
      [0, 100],
      [999, 100],
      [1_000, 100],
    ]);
    expect(decided).toEqual([100, 100]);
  });

  test('asks once if several calls of a turn find that a denial has ended', () => {
    const { daemon, decided, cached } = start();
    arriveAll(daemon, [
      [0, 100],
      [300_000, 1],
      [300_001, 100],
      [300_002, 100],
    ]);
    expect(decided).toEqual([100, 1, 100]);
    expect(cached).toEqual([100]);
  });

  test('without the cache, asks each time', () => {
    const { daemon, decided, cached } = start({ hasDenialCache: false });
    arriveAll(daemon, [
      [0, 100],
      [1_000, 100],
      [2_000, 100],
    ]);
    expect(decided).toHaveLength(3);
    expect(cached).toEqual([]);
  });
});
