/** As long as the store remembers who was erased: see `scripts/erasing/erased.lua`. */
const KEPT_US = 7 * 24 * 3_600_000_000;

/** About 10 megabytes. */
const MOST_KEPT = 100_000;

/**
 * The erasures that this daemon has heard of, by the hash of their subjects, each with its start in microseconds. One that
 * is forgotten while the store still knows it is news again at the next look at its partition. That drops once more what is
 * older, which must not come back, and what the store last answered about others, which it answers again; so with more
 * erasures in a week than are kept, this daemon seldom knows a last answer.
 */
export interface KnownErasures {
  has(hash: string, begunUs: number): boolean;
  add(hash: string, begunUs: number): void;
  readonly size: number;
}

export function createKnownErasures({ mostKept = MOST_KEPT, keptUs = KEPT_US } = {}): KnownErasures {
  /** The latest heard of is last. */
  const startsUs = new Map<string, number>();

  function forgetOld(nowUs: number): void {
    for (const [hash, begunUs] of startsUs) {
      if (startsUs.size <= mostKept && nowUs - begunUs <= keptUs) return;
      startsUs.delete(hash);
    }
  }

  return {
    has: (hash, begunUs) => startsUs.get(hash) === begunUs,
    add(hash, begunUs) {
      startsUs.delete(hash);
      startsUs.set(hash, begunUs);
      forgetOld(begunUs);
    },
    get size() {
      return startsUs.size;
    },
  };
}
