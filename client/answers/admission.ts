import { type AdmitResponse, Decision } from '../../gen/quota/v1/quota_service';
import { type Limit, toLimits, toMs } from './limits';
import { QuotaUnavailable } from './unavailable';

/** A request to be admitted, complete. */
export type Asked = { subject: string; policy: string; cost: number; requestId: string };

/** The result of a decision, admitted or denied. */
export type Decided = {
  policy: string;
  cost: number;
  /** The id to send with a repeat or a refund of this request. */
  requestId: string;
  /** The limits that can deny, the tightest first, as they stand after the decision. */
  limits: Limit[];
  /** `client`: no daemon answered, and the option `withoutDaemon` decided. */
  decidedBy: 'daemon' | 'client';
  /** True if the daemon decided without its store, by the policy's `on_store_failure`. */
  degraded: boolean;
  /** True if this request id had been admitted before: nothing was taken now. */
  isRepeat: boolean;
};

/** A decision. A denial took nothing; without a retry delay, waiting cannot help. */
export type Admission =
  | (Decided & { admitted: true })
  | (Decided & { admitted: false; retryDelayMs: number | undefined });

/** Names what the daemon decided. Throws QuotaUnavailable if it is no decision that we know. */
export function toAdmission(response: AdmitResponse, { policy, cost, requestId }: Asked): Admission {
  const { degraded, isRepeat } = response;
  const limits = toLimits(response.limits);
  const decided = { policy, cost, requestId, limits, decidedBy: 'daemon', degraded, isRepeat } as const;
  switch (response.decision) {
    case Decision.ADMITTED:
      return { ...decided, admitted: true };
    case Decision.DENIED:
      return { ...decided, admitted: false, retryDelayMs: response.retryDelay && toMs(response.retryDelay) };
    default:
      // A verdict that a later daemon may know, and we do not, must never let anyone in.
      throw new QuotaUnavailable({
        requestId,
        reason: `unknown decision ${response.decision}`,
        grpcStatus: 'INTERNAL',
      });
  }
}
