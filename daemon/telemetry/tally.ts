/**
 * Counts by two labels as plain numbers. The metrics library checks and hashes the labels each time that it counts, which
 * costs more than the rest of a cached denial's decision; so it is given the counts when somebody asks for them.
 */
export interface Tally {
  /** Counts one. Both labels must have few values. */
  count(first: string, second: string): void;
  /** Hands over what was counted since the last time. */
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
