import type { Taking } from './takings';

/** How one limit stands for one subject at one moment. */
export interface LimitView {
  /** Until `cost` tokens, at most the size, are free; 0 if they are. */
  retryDelayUs(cost: number): number;
  describe(): Standing;
  /** Takes the tokens of a request, which the policy's takings hold already if they count. */
  take(taking: Taking): void;
}

/** What a status shows of a limit. */
export interface Standing {
  readonly remaining: number;
  readonly resetDelayUs: number;
  readonly nextDelayUs: number;
}

/** Which limit is looked at, and when. */
export interface Moment {
  /** The most tokens that can be taken at once: an override's, if there is one. */
  readonly size: number;
  readonly windowUs: number;
  readonly nowUs: number;
}
