import type { LimitStatus } from './admission';

/** Asks to give back what an admitted request took. */
export interface RefundRequest {
  readonly subject: string;
  /** The name of the policy that admitted it. */
  readonly policy: string;
  readonly requestId: string;
}

/** The result of a refund. */
export interface Refund {
  /** False if the request had been refunded before: then nothing has changed. */
  readonly isRefunded: boolean;
  /** The tokens that the request had taken from each limit; 0 if it had been refunded before. */
  readonly cost: number;
  /** Every limit of the policy, the tightest first, as it stands now. */
  readonly limits: readonly LimitStatus[];
  /** Whether a limit that may deny had nothing remaining, and has now: daemons may remember a denial from before. */
  readonly freesEmpty: boolean;
  /** When it was made, by the store's clock. */
  readonly refundedUs: number;
  /** Made without the store, by the daemon that had admitted the request without it. */
  readonly degraded?: boolean;
}

/** Subscribes to refunds: each that has changed something is published once, to each listener. */
export type RefundListener = (request: RefundRequest, refund: Refund) => void;
