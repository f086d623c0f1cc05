/** Numbers that look random, and are the same for the same seed. */
export interface Random {
  /** From 0 up to, but not, 1. */
  next(): number;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  /** True so often: 0 never, 1 always. */
  isLucky(chance: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
  /** How many of many rare events happen, `mean` on average. */
  poisson(mean: number): number;
}

/** Mulberry32 by Tommy Ettinger, in the public domain: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));

  return {
    next,
    between,
    isLucky: (chance) => next() < chance,
    pick: (choices) => choices[between(0, choices.length - 1)] ?? choices[0],
    poisson(mean) {
      // Knuth, The Art of Computer Programming, volume 2, 3.4.1: good for small means.
      const bound = Math.exp(-mean);
      let count = 0;
      for (let product = next(); product > bound; product *= next()) count += 1;
      return count;
    },
  };
}
