import { SubjectErased } from '../../quota/erasing';
import type { AdmittedElsewhere } from '../../quota/store';
import { callFunction } from '../library';
import { pack } from '../packing';
import { encodeCall, type Place } from './admit';

/** The most admissions of one call: Redis does nothing else meanwhile. */
const MAX_ENTRIES = 100;

/** What `scripts/limits/restore.lua` returns of an admission that is not written, as its subject was erased. */
const ERASED = 3;

/** Writes admissions of one partition. For each: an error, `SubjectErased` too, or undefined. */
export async function restoreEntries(
  place: Place & { readonly hashOf: (subject: string) => string },
  admitted: readonly AdmittedElsewhere[],
): Promise<(Error | undefined)[]> {
  const entries = admitted.map(({ admission, policy, atUs }) => {
    return { admission, policy, deadlineUs: atUs, wantsIds: false };
  });
  const { keys, args } = encodeCall(place, entries);
  const { running, erased } = place.keys.erasures(place.partition);
  const hashes = admitted.map(({ admission }) => place.hashOf(admission.subject));
  const results = (await callFunction(place.redis, 'restore', {
    keys: [...keys, running, erased],
    args: [...args, pack(hashes)],
  })) as (number | Buffer)[];
  return results.map((result) => {
    if (result === ERASED) return new SubjectErased();
    return typeof result === 'number' ? undefined : new Error(String(result));
  });
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
