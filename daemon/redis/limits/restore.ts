import { SubjectErased } from '../../quota/erasing';
import { MAX_CALL_US, overriddenCallUs } from '../../quota/policy_bounds';
import type { AdmittedElsewhere } from '../../quota/store';
import { splitIntoCalls } from '../lanes';
import { callFunction } from '../library';
import { pack } from '../packing';
import { encodeCall, type Place } from './admit';

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

/** The same for all partitions, in order within each, in calls that are as short as those of admissions. */
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
  const places = new Map<number, { at: number; entry: AdmittedElsewhere }[]>();
  for (const [at, entry] of admitted.entries()) {
    const partition = partitionOf(entry.admission.subject);
    const known = places.get(partition);
    if (known === undefined) places.set(partition, [{ at, entry }]);
    else known.push({ at, entry });
  }
  const results = new Array<Error | undefined>(admitted.length).fill(undefined);
  for (const [partition, all] of places) {
    for (const call of splitIntoCalls(all, { workOf, maxWork: MAX_CALL_US })) {
      const written = await restore(
        partition,
        call.map(({ entry }) => entry),
      );
      for (const [index, { at }] of call.entries()) results[at] = written[index];
    }
  }
  return results;
}

function workOf({ entry: { admission, policy } }: { entry: AdmittedElsewhere }): number {
  return overriddenCallUs(policy, admission.cost);
}
