import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createLanes, type LanesOptions } from '../../../../daemon/redis/lanes';

/** Lanes of numbers, and the calls that they made. */
function openLanes(options: Partial<LanesOptions<number>> = {}) {
  const calls: [partition: number, ...items: number[]][] = [];
  const lanes = createLanes<number>({
    isWanted: () => true,
    async send(partition, items) {
      calls.push([partition, ...items]);
    },
    ...options,
  });
  /** Puts numbers into a queue, and lets a turn pass. */
  async function put(items: readonly number[], partition = 0): Promise<void> {
    for (const item of items) lanes.enqueue(partition, item);
    await nextTurn();
  }
  return { lanes, put, calls };
}

describe('lanes', () => {
  test('what one turn has for a partition is sent together and in order', async () => {
    const { lanes, put, calls } = openLanes();
    lanes.enqueue(1, 7);
    await put([1, 2]);
    await put([3]);

    expect(calls).toEqual([
      [1, 7],
      [0, 1, 2],
      [0, 3],
    ]);
  });

  test('more than a call takes are sent in several', async () => {
    const { put, calls } = openLanes();
    await put(Array.from({ length: 300 }, (_, at) => at));

    expect(calls.map(({ length }) => length - 1)).toEqual([128, 128, 44]);
  });

  test('work beyond the bound, sent in another call', async () => {
    const { put, calls } = openLanes({ workOf: (item) => item, maxWork: 10 });
    await put([6, 4, 1, 30, 2]);

    expect(calls).toEqual([
      [0, 6, 4],
      [0, 1],
      [0, 30],
      [0, 2],
    ]);
  });

  test('what is no longer wanted is not sent', async () => {
    const { put, calls } = openLanes({ isWanted: (item) => item > 1 });
    await put([1, 2]);

    expect(calls).toEqual([[0, 2]]);
  });

  test('each goes by itself if joining is switched off', async () => {
    const { put, calls } = openLanes({ isJoining: false });
    await put([1, 2]);

    expect(calls).toEqual([
      [0, 1],
      [0, 2],
    ]);
  });
});
