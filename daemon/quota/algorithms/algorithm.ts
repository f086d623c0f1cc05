/** What a limit lets through: `limit` tokens, in a window. */
export interface LimitSize {
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * What the rules know of an algorithm. Its other half decides in Redis: the Lua table of the same name. When
 * a daemon claims its store, `redis/scripts/lib/algorithms.lua` checks that table's members, and that both halves are there.
 * The file of the same name in `memory/algorithms/` decides without Redis.
 */
export interface LimitAlgorithm {
  /** As the policies file writes it; its Lua is in the file of that name. */
  readonly name: string;
  /**
   * Whether each token that was taken is kept, with its time, in a sorted set: then the enforced limits of a policy count
   * the one set of its takings, request ids are remembered anyway, and each token costs Redis. Otherwise a limit has a
   * hash of its own, whose size is constant.
   */
  readonly keepsTokens: boolean;
  /** The largest `limit`; undefined if only its numbers bound it. */
  readonly maxLimit: number | undefined;
  /**
   * Why a limit of this size cannot be counted cheaply, or exactly; undefined if it can, and if that depends on a window
   * that is not known.
   */
  countingFault(size: { readonly limit: number; readonly windowMs: number | undefined }): string | undefined;
  /** The most tokens that it lets through in a span of this length, wherever that begins; or somewhat more. */
  mostWithin(size: LimitSize, spanMs: number): number;
}

export const US_PER_MS = 1000;
