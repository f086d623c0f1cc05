/** A request to take from every limit of a policy, or from none. Valid by construction: see `grpc/validate.ts`. */
export interface Admission {
  /** Who acts: 1 to 128 characters. */
  readonly subject: string;
  /** The name of the policy that decides. */
  readonly policy: string;
  /** How many tokens the act takes from each limit: 1 or more. */
  readonly cost: number;
  /** Makes a repeat take nothing more; undefined if the caller gave none. */
  readonly requestId: string | undefined;
  /** The daemon's own UUID if the caller gave none, so that an admission written twice counts once. */
  readonly ownId?: string;
}

/** One limit for one subject, at one moment. */
export interface LimitStatus {
  readonly name: string;
  /** The most tokens that can be taken at once. */
  readonly limit: number;
  /** The tokens left now. */
  readonly remaining: number;
  readonly windowUs: number;
  /** Until all of the limit is free again, if nothing more is taken. */
  readonly resetDelayUs: number;
  /** Until one more than `remaining` is free, if nothing more is taken; 0 if all of the limit is free. */
  readonly nextDelayUs: number;
  /** Evaluated and counted, but never denies. */
  readonly shadow: boolean;
  /** A shadow limit that would have denied. */
  readonly shadowDenied: boolean;
  /** An operator has set another size for this subject. */
  readonly overridden: boolean;
  /** When that ends, by the store's clock; undefined if it does not. */
  readonly overrideEndMs?: number | undefined;
}

/** The answer to an admission. A denial is an answer too, not an error. */
export interface Decision {
  readonly admitted: boolean;
  /** The request id had been admitted before: nothing was taken now. */
  readonly isRepeat: boolean;
  /** Every limit of the policy, the tightest first, as it stands after the verdict. */
  readonly limits: readonly LimitStatus[];
  /**
   * The first moment at which the same admission would pass, if nobody else takes anything. Undefined if it was admitted,
   * or if waiting cannot help because the cost is above a limit's size.
   */
  readonly retryDelayUs: number | undefined;
  /** When it was made, by the store's clock. */
  readonly decidedUs: number;
  /** Made without the store, by the policy's rule for a store failure. */
  readonly degraded?: boolean;
}

/** The result of an admission: a decision, or an error that concerns it alone. */
export type Answer = Decision | Error;

/** The decision, or the error thrown instead. Anything but an `Error` is rethrown. */
export function orError(decide: () => Decision): Answer {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** The tightest limit first: the least remaining, then the longest until it is free again. Shadow limits come last. */
export function tightestFirst(limits: readonly LimitStatus[]): LimitStatus[] {
  return limits.toSorted(
    (a, b) =>
      Number(a.shadow) - Number(b.shadow) || a.remaining - b.remaining || b.resetDelayUs - a.resetDelayUs,
  );
}
