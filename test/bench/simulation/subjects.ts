import type { Random } from '../../../scripts/demo/random';

/** What all subjects have taken of one sliding window. Times are in microseconds of the simulation. */
export interface Subjects {
  /** Takes a token. Returns 0 if there was one, otherwise the time of the next. */
  take(subject: number, nowUs: number): number;
}

export interface SubjectsOptions {
  readonly limit: number;
  readonly windowUs: number;
  /** How often a subject calls, per microsecond. */
  readonly rateOf: (subject: number) => number;
  /** True begins with nothing taken, as an empty store does; false as if these calls had always come. */
  readonly startsEmpty: boolean;
  readonly random: Pick<Random, 'next'>;
}

/**
 * A sliding window is a loss system: each token that was taken is a server held for one window. With calls at random its
 * state in the long run is Poisson's distribution, cut off at the limit, with each token anywhere in its window (A. K.
 * Erlang, 1917; B. A. Sevastyanov, 1957, for constant times). So a subject's state is drawn when it first calls, and
 * hours of traffic need not be simulated.
 */
export function createSubjects(options: SubjectsOptions): Subjects {
  const { limit, windowUs, startsEmpty } = options;
  // When each token of a subject comes back, the first one first.
  const returns = new Map<number, number[]>();

  function stateOf(subject: number, nowUs: number): number[] {
    const known = returns.get(subject);
    if (known) return known;
    const made = startsEmpty ? [] : longRunState(subject, nowUs, options);
    returns.set(subject, made);
    return made;
  }

  return {
    take(subject, nowUs) {
      const state = stateOf(subject, nowUs);
      while (state.length > 0 && (state[0] ?? 0) <= nowUs) state.shift();
      if (state.length >= limit) return state[0] ?? 0;
      state.push(nowUs + windowUs);
      return 0;
    },
  };
}

function longRunState(
  subject: number,
  nowUs: number,
  { limit, windowUs, rateOf, random }: SubjectsOptions,
): number[] {
  const mean = rateOf(subject) * windowUs;
  const weights = [1];
  for (let taken = 1; taken <= limit; taken += 1) weights.push(((weights.at(-1) ?? 0) * mean) / taken);
  let drawn = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  const taken = weights.findIndex((weight) => {
    drawn -= weight;
    return drawn < 0;
  });
  // The sum was rounded.
  const count = taken < 0 ? limit : taken;
  return Array.from({ length: count }, () => nowUs + random.next() * windowUs).sort((a, b) => a - b);
}
