import calculateSlot from 'cluster-key-slot';

const SLOT_COUNT = 16_384;

/**
 * The hash tags of the partitions of a Cluster. The slot of each lies in the partition's own part of all slots, and each
 * master owns a range of them, so that all masters hold nearly the same number of partitions, however many masters there
 * are. The result is part of the store's layout: another tag is another key.
 */
export function spreadTags(partitions: number): string[] {
  return Array.from({ length: partitions }, (_, partition) =>
    partition === 0 ? FIRST_TAG : tagWithin(partition, partitions),
  );
}

/** The most partitions that can be configured. */
const MOST_PARTITIONS = 1024;

/**
 * The number of the partition if its slot happens to be in the right range, otherwise with the first suffix that moves it
 * there.
 */
function tagWithin(partition: number, partitions: number): string {
  let tag = `${partition}`;
  for (let suffix = 1; Math.floor((calculateSlot(tag) * partitions) / SLOT_COUNT) !== partition; suffix += 1)
    tag = `${partition}.${suffix}`;
  return tag;
}

/** The first partition's tag, which does not depend on their number: it is read before that number is known. */
export const FIRST_TAG = tagWithin(0, MOST_PARTITIONS);
