/** Enough for a steady median, and few enough for a minute in all. */
export const ROUNDS = 100;

/** A piece of work in either of two places; it gets the number of times it was done there before. */
export type Work = (round: number) => Promise<unknown>;

/**
 * How many times as long the work takes in the second place: the ratio of the medians. The two take turns, and either is first
 * as often, so that what else the machine does weighs on both alike.
 */
export async function ratioOf({ base, compared }: { base: Work; compared: Work }): Promise<number> {
  const baseTimes: number[] = [];
  const comparedTimes: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const turns = [
      async () => baseTimes.push(await timeOf(() => base(round))),
      async () => comparedTimes.push(await timeOf(() => compared(round))),
    ];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
  }
  return medianOf(comparedTimes) / medianOf(baseTimes);
}

/** The middle one of some times. */
export function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

/** How long the work takes, in milliseconds. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
