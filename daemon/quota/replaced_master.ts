/** A server has taken the place of a master of the store, as far as this process has noticed. */
export interface ReplacedMaster {
  /** The addresses of both, as HOST:PORT. */
  readonly from: string;
  readonly to: string;
  /** How many partitions the master had. */
  readonly partitions: number;
  /** Since when the other server is known to be the master, by `performance.now()`. */
  readonly sinceMs: number;
}
