import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createConsumer } from '../../../../../daemon/redis/usage/consumer';
import type { Folder } from '../../../../../daemon/redis/usage/fold';

const STEP_MS = 10;

const PARTITIONS = 300;

/** A clock that moves only when told to, and wakes those who sleep. */
function createClock() {
  let nowMs = 0;
  const sleepers = new Set<{ atMs: number; wake: () => void }>();
  return {
    nowMs: () => nowMs,
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>((wake) => {
        sleepers.add({ atMs: nowMs + ms, wake });
        signal.onabort = () => wake();
      }),
    async pass(ms: number) {
      for (const endMs = nowMs + ms; nowMs < endMs; ) {
        nowMs += STEP_MS;
        for (const sleeper of sleepers) {
          if (sleeper.atMs > nowMs) continue;
          sleepers.delete(sleeper);
          sleeper.wake();
        }
        await turn();
      }
    },
  };
}

/** Two daemons on a store of leases without any logs, all by one clock. */
function twoConsumers(partitions: number) {
  const clock = createClock();
  const leases = new Map<number, { holder: string; untilMs: number }>();
  const takeovers: string[] = [];

  const folderOf = (name: string): Folder => ({
    async fold(partition, { leaseMs = 0 } = {}) {
      const lease = leases.get(partition);
      const nowMs = clock.nowMs();
      if (lease !== undefined && lease.holder !== name && lease.untilMs > nowMs)
        return { held: false, now_us: 0 };
      if (lease !== undefined && lease.holder !== name) takeovers.push(name);
      leases.set(partition, { holder: name, untilMs: nowMs + leaseMs });
      return { held: true, now_us: 0 };
    },
  });
  const [first, second] = ['first', 'second'].map((name) =>
    createConsumer({
      folder: folderOf(name),
      partitions,
      logger: pino({ level: 'silent' }),
      onNewcomers: () => undefined,
      clock,
    }),
  );
  if (first === undefined || second === undefined) throw new Error('there are two');
  return { clock, first, second, takeovers };
}

describe('the lease of folding', () => {
  test.each([1, 16, 300])('partitions: %i; one that lives keeps it', async (partitions) => {
    const { clock, first, second, takeovers } = twoConsumers(partitions);
    first.start();
    await clock.pass(2_500);
    second.start();
    await clock.pass(20_000);

    expect([first, second].map(({ progress }) => progress.leasedPartitions)).toEqual([partitions, 0]);
    expect(takeovers).toEqual([]);
  });

  test.each([
    [1, 2_000],
    [16, 2_000],
    [300, 11_000],
  ])('partitions: %i; once its holder is gone another has it within %i ms', async (partitions, mostMs) => {
    for (let aliveMs = 6_000; aliveMs < 11_000; aliveMs += 330) {
      const { clock, first, second } = twoConsumers(partitions);
      first.start();
      await clock.pass(100);
      second.start();
      await clock.pass(aliveMs);
      await first.stop();
      await clock.pass(mostMs);

      expect(second.progress.leasedPartitions).toBe(partitions);
      await second.stop();
    }
  });
});

describe('checking what there is to fold', () => {
  /** How many steps were under way at once, at most, once each partition had been checked. */
  async function mostAtOnce({ folded }: { folded: number }): Promise<number> {
    const clock = createClock();
    let [underWay, most, checked] = [0, 0, 0];
    const consumer = createConsumer({
      folder: {
        async fold() {
          underWay += 1;
          checked += 1;
          if (checked > PARTITIONS) most = Math.max(most, underWay);
          await turn();
          underWay -= 1;
          return { held: true, now_us: 0, folded };
        },
      },
      partitions: PARTITIONS,
      logger: pino({ level: 'silent' }),
      onNewcomers: () => undefined,
      clock,
    });
    consumer.start();
    await clock.pass(20_000);
    void consumer.stop();
    return most;
  }

  test('partitions without anything to fold are checked together', async () => {
    expect(await mostAtOnce({ folded: 0 })).toBe(16);
  });

  test('each partition that had something to fold is folded alone', async () => {
    expect(await mostAtOnce({ folded: 1 })).toBe(1);
  });
});
