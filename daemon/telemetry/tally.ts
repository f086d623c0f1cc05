/**
 * Counts by two labels as plain numbers. The metrics library checks and hashes the labels at each count, which costs more
 * than the rest of a cached denial; so it gets the counts when they are read.
 */
export interface Tally {
  /** Adds one. Both labels must have few values. */
  count(first: string, second: string): void;
  /** Returns what was counted since the last call. */
  flush(): void;
}

export function createTally(handOver: (first: string, second: string, count: number) => void): Tally {
  const tallies = new Map<string, Map<string, { count: number }>>();

  return {
    count(first, second) {
      let ofFirst = tallies.get(first);
      if (ofFirst === undefined) {
        ofFirst = new Map();
        tallies.set(first, ofFirst);
      }
      const known = ofFirst.get(second);
      if (known === undefined) ofFirst.set(second, { count: 1 });
      else known.count += 1;
    },

    flush() {
      for (const [first, ofFirst] of tallies)
        for (const [second, { count }] of ofFirst) handOver(first, second, count);
      tallies.clear();
    },
  };
}
