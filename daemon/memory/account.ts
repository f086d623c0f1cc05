import type { Limit } from '../quota/limits';
import { createTakings, type Takings } from './takings';

/**
 * What is kept of a limit whose algorithm keeps no tokens. Every such algorithm has these, so that another one that takes over
 * goes on with what is missing.
 */
export interface LimitState {
  /** What is missing, in whole units. */
  readonly debt: number;
  readonly unitsPerToken: number;
  /** When it was missing. */
  readonly atUs: number;
  /** When it was taken from for the first time since it was new. */
  readonly sinceUs: number;
  /** What is missing from the limit of the configured size, if an override had lowered that. */
  readonly whole?: WholeState | undefined;
}

/** What a lowering override hides, to apply again once it ends. */
export interface WholeState {
  readonly debt: number;
  readonly unitsPerToken: number;
  /** The size that the override had set when this was kept first, and when that was. */
  readonly loweredTo: number;
  readonly loweredUs: number;
}

/** All that one subject has to do with one policy. */
export interface Account {
  readonly takings: Takings;
  /** Of each limit whose algorithm keeps no tokens, by the limit's name. */
  readonly states: Map<string, LimitState>;
  /** What each limit in shadow that keeps tokens has taken, by the limit's name. */
  readonly shadows: Map<string, Takings>;
  /** When it was last taken from. */
  takenUs: number;
  /** From when on it equals a new one. */
  untilUs: number;
}

export function newAccount(): Account {
  const [takenUs, untilUs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { takings: createTakings(), states: new Map(), shadows: new Map(), takenUs, untilUs };
}

/** Forgets what was taken until a moment. What is missing from a bucket stays, as it is of no single time, if it was taken from since. */
export function forgetUntil({ takings, states, shadows }: Account, us: number): void {
  for (const each of [takings, ...shadows.values()]) each.forget(us);
  for (const [name, { atUs }] of states) if (atUs <= us) states.delete(name);
}

/** What a limit in shadow has taken. */
export function shadowOf({ shadows }: Account, { name }: Limit): Takings {
  const known = shadows.get(name) ?? createTakings();
  shadows.set(name, known);
  return known;
}

/** The whole tokens that are missing, rounded up. */
export function missingTokens(state: LimitState): number {
  const { debt, unitsPerToken } = state.whole ?? state;
  return Math.ceil(debt / unitsPerToken);
}
