import { medianOf, type Spread, spreadOf } from './statistics';

/** What a figure must be; `1 ±` is for a ratio that must not change by more than the value. */
export interface Bound {
  readonly is: '≤' | '≥' | '<' | '1 ±';
  readonly value: number;
}

/** A figure that the bench knows: what it says, and what is asked of it. */
export interface FigureSpec {
  /** Names it on the command line. The part before the dot is its group: what is measured together. */
  readonly name: `${string}.${string}`;
  readonly title: string;
  /** What it is counted in. Empty for a ratio. */
  readonly unit: string;
  /** Unset for one that is only reported. */
  readonly bound?: Bound;
}

/** What the rounds of a run have shown of a figure. */
export interface Measurement {
  /** The figure in each round. */
  readonly rounds: readonly number[];
  /** What it was computed from, in each round, by name and unit. Example: "daemon µs". */
  readonly parts?: Readonly<Record<string, readonly number[]>>;
}

/** A figure with its value, and whether it is what it must be. */
export interface Result extends FigureSpec {
  /** The median of the rounds. Unset if it could not be measured. */
  readonly value?: number;
  readonly spread?: Spread;
  readonly rounds: readonly number[];
  /** The medians of the parts. */
  readonly parts: Readonly<Record<string, number>>;
  /** The parts in each round. */
  readonly partRounds: Readonly<Record<string, readonly number[]>>;
  readonly isMet: boolean;
  /** Why it could not be measured. */
  readonly failure?: string;
}

/** Judges what was measured of a figure. One with a bound is missed if it was not measured. */
export function judge(spec: FigureSpec, measured: Measurement | Error): Result {
  if (measured instanceof Error)
    return { ...spec, rounds: [], parts: {}, partRounds: {}, isMet: false, failure: measured.message };
  const { rounds, parts = {} } = measured;
  const value = medianOf(rounds);
  const medians = Object.entries(parts).map(([name, values]) => [name, medianOf(values)] as const);
  return {
    ...spec,
    value,
    spread: spreadOf(rounds),
    rounds,
    parts: Object.fromEntries(medians),
    partRounds: parts,
    isMet: spec.bound === undefined || isWithin(value, spec.bound),
  };
}

function isWithin(value: number, { is, value: bound }: Bound): boolean {
  if (is === '≥') return value >= bound;
  if (is === '1 ±') return value >= 1 - bound && value <= 1 + bound;
  return is === '≤' ? value <= bound : value < bound;
}
