import type { Admission, Answer, LimitStatus } from './admission';
import type { NewOverride, Override, OverridePage, OverrideQuery, OverrideTarget } from './overrides';
import type { Policy } from './policies';
import type { ServiceCall, Usage, UsageQuery } from './usage';

/** How long the caller of an admission waits for it. */
export interface Patience {
  /** A moment of `performance.now()` after which nothing may be taken; undefined: no deadline. */
  readonly deadlineMs?: number;
  /** Whether the caller has given up. */
  readonly isGivenUp?: () => boolean;
}

/** An admission, and the policy that decides on it. */
export interface Asked {
  readonly admission: Admission;
  readonly policy: Policy;
}

/** An admission that was made without the store, under the id that it has. */
export interface AdmittedElsewhere extends Asked {
  /** By the store's clock, as far as it was known. */
  readonly atUs: number;
}

/**
 * What the rules need of a memory. Every method is atomic, takes its time from the store's own clock, and throws
 * `StoreUnavailable` when the store cannot answer.
 */
export interface QuotaStore {
  /**
   * Decides on admissions that one caller waits for, each by itself, in order. Takes the cost from every limit of the
   * policy, or from none. A repeat of an admitted one is admitted again, and takes nothing. Never throws: an error
   * stands in the place of the decision, `DeadlinePassed` if the caller's patience ended before the store decided.
   */
  admitAll(asked: readonly Asked[], patience?: Patience): Promise<readonly Answer[]>;
  /** Where a subject stands with a policy. Takes nothing. */
  readQuota(subject: string, policy: Policy): Promise<LimitStatus[]>;
  /** Gives back all that a subject has taken from the policies' limits; how many limits that was. */
  resetQuota(subject: string, policies: readonly Policy[]): Promise<number>;
  /** Sets an override, or replaces it; undefined where its end has passed, and nothing is set. */
  setOverride(override: NewOverride): Promise<Override | undefined>;
  /** Removes an override; false where there was none. */
  clearOverride(target: OverrideTarget): Promise<boolean>;
  /** A page of the overrides that hold. */
  listOverrides(query: OverrideQuery): Promise<OverridePage>;
  /**
   * Records a call; false if its request id was recorded before. Throws `DeadlinePassed` if its caller's patience ended
   * before it was sent.
   */
  recordCall(call: ServiceCall, patience?: Patience): Promise<boolean>;
  /**
   * Reads the statistics, and the hours of these policies' decisions; `services` holds the services that were ever
   * called, in any order. Work that nobody waits for any more, by the signal, is given up.
   */
  readUsage(query: UsageQuery, policies: readonly string[], signal?: AbortSignal): Promise<Usage>;
}
