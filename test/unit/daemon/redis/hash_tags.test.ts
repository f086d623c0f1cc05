import { describe, expect, test } from '@jest/globals';
import calculateSlot from 'cluster-key-slot';
import { spreadTags } from '../../../../daemon/redis/hash_tags';

const SLOT_COUNT = 16_384;

/** How many partitions each master holds, if all have as many slots, in one range each, as `redis-cli --cluster create` makes them. */
function shares(partitions: number, masters: number): number[] {
  const counts = new Array<number>(masters).fill(0);
  for (const tag of spreadTags(partitions)) {
    const master = Math.floor((calculateSlot(tag) * masters) / SLOT_COUNT);
    counts[master] = (counts[master] ?? 0) + 1;
  }
  return counts;
}

describe('the hash tags of a Cluster', () => {
  test.each([
    [300, 3],
    [300, 10],
    [300, 100],
    [1024, 3],
    [1024, 10],
    [1024, 100],
  ])(
    'of %i partitions, the largest share of %i masters is at most 1.1 times the mean',
    (partitions, masters) => {
      const mean = partitions / masters;

      expect(Math.max(...shares(partitions, masters)) / mean).toBeLessThanOrEqual(1.1);
    },
  );

  test.each([1, 2, 16, 64, 256, 300, 1024])(
    '%i partitions have a tag and a slot of their own each',
    (partitions) => {
      const tags = spreadTags(partitions);

      expect(new Set(tags).size).toBe(partitions);
      expect(new Set(tags.map((tag) => calculateSlot(tag))).size).toBe(partitions);
    },
  );

  test('stay as they are: a store that was started with them has its keys there', () => {
    expect(spreadTags(1)).toEqual(['0.325']);
    expect(spreadTags(4)).toEqual(['0.325', '1.3', '2.1', '3.3']);
    expect([0, 1, 2, 299].map((partition) => spreadTags(300)[partition])).toEqual([
      '0.325',
      '1.700',
      '2.235',
      '299.109',
    ]);
  });
});
