import type { LimitStatus } from '../../quota/admission';
import type { Limit } from '../../quota/limits';
import type { Account, LimitState } from '../account';
import type { Taking } from '../takings';

/** The half of an algorithm that decides without Redis: its twin is the Lua table of the same name. */
export interface MemoryAlgorithm {
  /** Looks at a limit for one subject. */
  view(account: Account, limit: Limit, moment: Moment): LimitView;
  /**
   * The state of a limit that stands as another store reported it at `atUs`; undefined if nothing is missing. Left out if the
   * algorithm keeps tokens: then `seed.ts` makes the takings.
   */
  stateOf?(limit: Limit, status: LimitStatus, atUs: number): LimitState | undefined;
}

/** When a limit is looked at, and what else holds then. */
export interface Moment {
  /** The most tokens that can be taken at once: an override's, if there is one. */
  readonly size: number;
  readonly nowUs: number;
  /** When another algorithm was replaced by the limit's; 0 if none was, or long ago. */
  readonly convertedUs: number;
}

/** How one limit stands for one subject at one moment. */
export interface LimitView {
  /** Until `cost` tokens, at most the size, are free; 0 if they are. */
  retryDelayUs(cost: number): number;
  describe(): Standing;
  /** Takes the tokens of a request, which the policy's takings hold already if they count. */
  take(taking: Taking): void;
  /** Gives back the tokens of a request, from what the limit keeps besides the policy's takings. */
  refund(taking: Taking): void;
}

/** What a status shows of a limit. */
export interface Standing {
  readonly remaining: number;
  readonly resetDelayUs: number;
  readonly nextDelayUs: number;
}

export const US_PER_MS = 1000;
