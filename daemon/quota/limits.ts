import type { LimitSize } from './algorithms/algorithm';
import { type AlgorithmName, algorithmOf } from './algorithms/registry';

/** At most `limit` tokens in a window, as the algorithm counts them. */
export interface Limit extends LimitSize {
  readonly algorithm: AlgorithmName;
  readonly name: string;
  /** Evaluated and counted, but never denies. */
  readonly shadow?: boolean;
}

/** Above a thousand million in a window, a limit protects nothing. */
export const MAX_LIMIT = 1_000_000_000;

/** Longer windows than a year are slips of the pen. */
export const MAX_WINDOW_MS = 366 * 86_400_000;

/** Whether a limit counts the one set of its policy's takings; any other has a state of its own. */
export function countsTakings(limit: Limit): boolean {
  return !limit.shadow && algorithmOf(limit).keepsTokens;
}

/** Whether a limit has a set of its own, which keeps each token. */
export function hasOwnSet(limit: Limit): boolean {
  return limit.shadow === true && algorithmOf(limit).keepsTokens;
}
