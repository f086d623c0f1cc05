import { randomInt } from 'node:crypto';

/** Gives each subject a row, and keeps none of their names. */
export interface SubjectRows {
  /** The row of a subject; undefined if it has none. */
  find(subject: string): number | undefined;
  /** The row of a subject, a new one if it has none; undefined if there are as many as may be. */
  add(subject: string): number | undefined;
  clear(): void;
}

const MAX_UINT32 = 2 ** 32 - 1;

/** Any odd numbers with bits all over: those of the finalizer of MurmurHash3 (A. Appleby). */
const MULTIPLIERS = [0x85ebca6b, 0xc2b2ae35] as const;

/** More places than rows, so that a search seldom looks at more than two. */
const PLACES_PER_ROW = 2;

/** Numbers of a place; the fourth is unused, so that none lies in two lines of the processor's cache. */
const PLACE_LENGTH = 4;

/**
 * A hash table of numbers (open addressing, linear probing). A subject is known by 64 bits of a hash with a secret of
 * this process: the names themselves would be objects that outlive their requests, which are costly for the garbage
 * collector.
 */
export function createSubjectRows(mostRows: number): SubjectRows {
  const size = 2 ** Math.ceil(Math.log2(mostRows * PLACES_PER_ROW));
  const mask = size - 1;
  const [seed, otherSeed] = [randomInt(MAX_UINT32), randomInt(MAX_UINT32)];
  /** Of each place, side by side as memory is slow: the row, from 1, or 0 if it is free; and the two hashes. */
  const places = new Uint32Array(size * PLACE_LENGTH);
  let count = 0;
  let hash = 0;
  let otherHash = 0;

  /** The start of a subject's place, or of the free place for it. */
  function placeOf(subject: string): number {
    hash = hashOf(subject, seed, MULTIPLIERS[0]);
    otherHash = hashOf(subject, otherSeed, MULTIPLIERS[1]);
    let at = hash & mask;
    while (!isFor(at * PLACE_LENGTH)) at = (at + 1) & mask;
    return at * PLACE_LENGTH;
  }

  function isFor(place: number): boolean {
    if (places[place] === 0) return true;
    return places[place + 1] === hash && places[place + 2] === otherHash;
  }

  return {
    find(subject) {
      const row = places[placeOf(subject)] ?? 0;
      return row === 0 ? undefined : row - 1;
    },

    add(subject) {
      const place = placeOf(subject);
      const known = places[place] ?? 0;
      if (known !== 0) return known - 1;
      if (count >= mostRows) return undefined;
      count += 1;
      places[place] = count;
      places[place + 1] = hash;
      places[place + 2] = otherHash;
      return count - 1;
    },

    clear() {
      places.fill(0);
      count = 0;
    },
  };
}

/** 32 bits that depend on each character and on the seed. */
function hashOf(text: string, seed: number, multiplier: number): number {
  let hash = seed ^ text.length;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), multiplier);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, multiplier);
  return (hash ^ (hash >>> 13)) >>> 0;
}
