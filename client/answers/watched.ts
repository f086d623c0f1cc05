import type { WatchDecisionsRequest, WatchDecisionsResponse } from '../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../gen/quota/v1/quota_service';
import { type Limit, toLimits } from './limits';
import { QuotaUnavailable } from './unavailable';

const VERDICTS = {
  admitted: Decision.ADMITTED,
  denied: Decision.DENIED,
  refunded: Decision.REFUNDED,
} as const;

/** What was decided: `refunded` gives back what an admission took. */
export type Verdict = keyof typeof VERDICTS;

const NAMES = Object.keys(VERDICTS) as Verdict[];

/** Which decisions to watch; all unless given. */
export type WatchFilter = { subject?: string; policy?: string; decision?: Verdict };

/** One decision of a daemon. */
export type WatchedDecision = {
  /** By the store's clock. */
  decideTime: Date | undefined;
  subject: string;
  policy: string;
  cost: number;
  decision: Verdict;
  limits: Limit[];
  degraded: boolean;
  isRepeat: boolean;
  /** How many decisions were lost just before this one, because they were not read in time. */
  missedCount: number;
};

/** The filter as a message. Throws a TypeError for a decision that there is not, which would mean all. */
export function watchRequest({ subject = '', policy = '', decision }: WatchFilter): WatchDecisionsRequest {
  if (decision === undefined) return { subject, policy, decision: Decision.UNSPECIFIED };
  if (!NAMES.includes(decision))
    throw new TypeError(`decision: "${decision}" is none of ${NAMES.join(', ')}`);
  return { subject, policy, decision: VERDICTS[decision] };
}

/** Names what the daemon sent. Throws QuotaUnavailable for a decision that only a later version knows. */
export function toWatched({ decision, limits, ...rest }: WatchDecisionsResponse): WatchedDecision {
  const verdict = NAMES.find((name) => VERDICTS[name] === decision);
  if (verdict === undefined) throw unknownDecision(decision);
  return { ...rest, decision: verdict, limits: toLimits(limits) };
}

function unknownDecision(decision: Decision): QuotaUnavailable {
  return new QuotaUnavailable({
    requestId: '',
    reason: `unknown decision ${decision}`,
    grpcStatus: 'INTERNAL',
  });
}
