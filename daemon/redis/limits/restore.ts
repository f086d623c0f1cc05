import type { AdmittedElsewhere } from '../../quota/store';
import { callFunction } from '../library';
import { encodeCall, type Place } from './admit';

/** The most admissions of one call: Redis does nothing else meanwhile. */
const MAX_ENTRIES = 100;

/** Writes admissions of one partition: what is wrong with each, or undefined. */
export async function restoreEntries(
  place: Place,
  admitted: readonly AdmittedElsewhere[],
): Promise<(Error | undefined)[]> {
  const entries = admitted.map(({ admission, policy, atUs }) => {
    return { admission, policy, deadlineUs: atUs, wantsIds: false };
  });
  const results = (await callFunction(place.redis, 'restore', encodeCall(place, entries))) as (
    | number
    | Buffer
  )[];
  return results.map((result) => (typeof result === 'number' ? undefined : new Error(String(result))));
}

/** The same for all partitions, in order within each. */
export async function restoreAll(
  admitted: readonly AdmittedElsewhere[],
  {
    partitionOf,
    restore,
  }: {
    partitionOf: (subject: string) => number;
    restore: (partition: number, admitted: readonly AdmittedElsewhere[]) => Promise<(Error | undefined)[]>;
  },
): Promise<(Error | undefined)[]> {
  const places = new Map<number, number[]>();
  for (const [at, { admission }] of admitted.entries()) {
    const partition = partitionOf(admission.subject);
    const known = places.get(partition);
    if (known === undefined) places.set(partition, [at]);
    else known.push(at);
  }
  const results = new Array<Error | undefined>(admitted.length).fill(undefined);
  for (const [partition, all] of places) {
    for (let first = 0; first < all.length; first += MAX_ENTRIES) {
      const some = all.slice(first, first + MAX_ENTRIES);
      const written = await restore(
        partition,
        some.flatMap((at) => admitted[at] ?? []),
      );
      for (const [index, at] of some.entries()) results[at] = written[index];
    }
  }
  return results;
}
