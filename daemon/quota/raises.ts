import type { Override, OverrideTarget } from './overrides';

/** How far a limit may be raised for single subjects. */
export interface RaiseBound {
  /** The largest size. */
  readonly limit: number;
  /** The longest time. */
  readonly durationMs: number;
}

/** A limit of one subject, to be raised for a time. */
export interface NewRaise extends OverrideTarget {
  readonly limit: number;
  readonly durationMs: number;
  readonly setBy: string;
}

/** A raise, and the size that the policies file gives the limit. */
export interface BoundedRaise extends NewRaise {
  readonly configuredLimit: number;
}

/** A raise that is shorter than this is over before it is used. */
export const MIN_RAISE_MS = 60_000;

/** One that should last longer is a change of the policies file. */
export const MAX_RAISE_MS = 7 * 86_400_000;

/** How long a raise lasts at most if the policies file does not say. */
export const DEFAULT_RAISE_MS = 86_400_000;

/** Another override holds that the raise would lessen: nothing was set. */
export class LessensOverride extends Error {
  override readonly name = 'LessensOverride';
  constructor() {
    super(
      'another override holds, which this raise would make smaller or end sooner, or which lowers the limit',
    );
  }
}

/** Whether a raise that ends then would take anything from an override that holds, or lift what an operator lowered. */
export function lessens(held: Override, raise: BoundedRaise, expireTimeMs: number): boolean {
  return (
    held.limit > raise.limit ||
    held.limit < raise.configuredLimit ||
    held.expireTimeMs === undefined ||
    held.expireTimeMs > expireTimeMs
  );
}
