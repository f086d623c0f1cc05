import type { Admission, Answer, LimitStatus } from './admission';
import type { DeniedSubject } from './denied';
import type { NewOverride, Override, OverridePage, OverrideQuery, OverrideTarget } from './overrides';
import type { Policy } from './policies';
import type { BoundedRaise } from './raises';
import type { Refund, RefundRequest } from './refund';
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

/** A refund, and the policy whose limits are given back. */
export interface RefundAsked {
  readonly request: RefundRequest;
  readonly policy: Policy;
}

/** An admission that was made without the store, under the id that it has. */
export interface AdmittedElsewhere extends Asked {
  /** By the store's clock, as far as it was known. */
  readonly atUs: number;
}

/**
 * What the rules need of a store. Every method is atomic, takes its time from the store's own clock, and throws
 * `StoreUnavailable` when the store cannot answer.
 */
export interface QuotaStore {
  /**
   * Decides on admissions that one caller waits for, each by itself, in order. Takes the cost from every limit of the
   * policy, or from none. A repeat of an admitted one is admitted again, and takes nothing. Never throws: an error takes
   * the place of the decision, `DeadlinePassed` if the caller's patience ended before the store decided,
   * `RefundedRequest` if the request was refunded.
   */
  admitAll(asked: readonly Asked[], patience?: Patience): Promise<readonly Answer[]>;
  /**
   * Gives back what an admitted request took, once; its id stays remembered, as refunded. Throws `UnknownRequest` if it was
   * not admitted, or is no longer remembered.
   */
  refund(asked: RefundAsked): Promise<Refund>;
  /** Reads the state of a subject's limits under a policy. Takes nothing. */
  readQuota(subject: string, policy: Policy): Promise<LimitStatus[]>;
  /** Gives back all that a subject has taken from the policies' limits. Returns how many limits that affected. */
  resetQuota(subject: string, policies: readonly Policy[]): Promise<number>;
  /** Sets an override, or replaces it; undefined if its end has passed, and nothing is set. */
  setOverride(override: NewOverride): Promise<Override | undefined>;
  /** Sets an override for a time; undefined if it would weaken an active one; then nothing is set. */
  raiseLimit(raise: BoundedRaise): Promise<Override | undefined>;
  /** Removes an override; false if there was none. */
  clearOverride(target: OverrideTarget): Promise<boolean>;
  /** A page of the overrides that hold. */
  listOverrides(query: OverrideQuery): Promise<OverridePage>;
  /**
   * The subjects that a policy denied recently, the latest first, each once: at most this many, and at most
   * `MOST_DENIED`.
   */
  listDenied(policy: string, count: number): Promise<DeniedSubject[]>;
  /**
   * Records a call; false if its request id was recorded before. Throws `DeadlinePassed` if its caller's patience ended
   * before the store recorded it: then it is not recorded.
   */
  recordCall(call: ServiceCall, patience?: Patience): Promise<boolean>;
  /**
   * Reads the statistics, and the hours of these policies' decisions; `services` holds the services that were ever
   * called, in any order. The work is abandoned if the signal is aborted.
   */
  readUsage(query: UsageQuery, policies: readonly string[], signal?: AbortSignal): Promise<Usage>;
}
