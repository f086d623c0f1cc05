import type { Supervisor } from '../../scripts/processes/supervisor';
import type { FigureName } from './figures/catalogue';
import type { Measurement } from './figures/figure';
import type { Say } from './figures/report';

/** What measuring needs. */
export interface Bench {
  readonly supervisor: Supervisor;
  /** Keeps logs, data and ports. */
  readonly folder: string;
  readonly firstPort: number;
  /** The compiled main.js of the daemon that is measured. */
  readonly daemonMain: string;
  readonly isQuick: boolean;
  readonly users: number;
  /** Rounds of each measurement, if not as many as usual. */
  readonly rounds?: number | undefined;
  readonly say: Say;
}

/** What a group of figures has shown; a figure that could not be measured has the reason. */
export type Measured = Partial<Record<FigureName, Measurement | Error>>;

/** Rounds of each measurement: the median of them counts. */
const ROUNDS = 7;
const QUICK_ROUNDS = 2;

export function roundsOf({ isQuick, rounds }: Bench): number {
  return rounds ?? (isQuick ? QUICK_ROUNDS : ROUNDS);
}

/** The same for what takes most of a minute in each round, or hardly varies. */
const LONG_ROUNDS = 3;
const QUICK_LONG_ROUNDS = 1;

export function longRoundsOf({ isQuick, rounds }: Bench): number {
  return rounds ?? (isQuick ? QUICK_LONG_ROUNDS : LONG_ROUNDS);
}

/** How long one measurement loads a server. */
const LOAD_MS = 1_500;
const QUICK_LOAD_MS = 200;

export function loadMsOf({ isQuick }: Bench): number {
  return isQuick ? QUICK_LOAD_MS : LOAD_MS;
}

/** A step of a round. It returns what it measured, by name. `turn` is another number each time. */
export type Step<Name extends string> = (turn: number) => Promise<Partial<Record<Name, number>>>;

/** What else the machine does has spoiled a step, such as by calls that failed: it has measured nothing. */
export class Spoiled extends Error {
  override readonly name = 'Spoiled';
}

/** How often a run repeats steps that were spoiled before it gives up: what fails again and again is no accident. */
const MOST_REPEATED = 5;

/**
 * Does the steps of each round one after the other, in turn forwards and backwards, so that what else the machine does
 * weighs on all alike. The first round warms up, and does not count. Returns the rounds of each name.
 */
export async function interleave<Name extends string>(
  rounds: number,
  steps: readonly Step<Name>[],
): Promise<Record<Name, number[]>> {
  const series = {} as Record<Name, number[]>;
  let turn = 0;
  let repeated = 0;

  async function measure(step: Step<Name>): Promise<Partial<Record<Name, number>>> {
    for (;;) {
      turn += 1;
      try {
        return await step(turn);
      } catch (error) {
        repeated += 1;
        if (!(error instanceof Spoiled) || repeated > MOST_REPEATED) throw error;
      }
    }
  }

  for (let round = 0; round <= rounds; round += 1) {
    for (const step of round % 2 === 0 ? steps : steps.toReversed()) {
      const measured = Object.entries(await measure(step)) as [Name, number][];
      if (round === 0) continue;
      for (const [name, value] of measured) series[name] = [...(series[name] ?? []), value];
    }
  }
  return series;
}
