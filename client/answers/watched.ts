import type { WatchDecisionsRequest, WatchDecisionsResponse } from '../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../gen/quota/v1/quota_service';
import { type Limit, toLimits } from './limits';

/** Which decisions to watch; all unless given. */
export type WatchFilter = { subject?: string; policy?: string; admitted?: boolean };

/** One decision of a daemon. */
export type WatchedDecision = {
  /** By the store's clock. */
  decideTime: Date | undefined;
  subject: string;
  policy: string;
  cost: number;
  admitted: boolean;
  limits: Limit[];
  degraded: boolean;
  isRepeat: boolean;
  /** How many decisions of that daemon were lost just before this one, because they were not read in time. */
  missedCount: number;
};

/** The filter as a message. */
export function watchRequest({ subject = '', policy = '', admitted }: WatchFilter): WatchDecisionsRequest {
  return { subject, policy, decision: toDecision(admitted) };
}

function toDecision(admitted: boolean | undefined): Decision {
  if (admitted === undefined) return Decision.UNSPECIFIED;
  return admitted ? Decision.ADMITTED : Decision.DENIED;
}

/** Names what the daemon sent. */
export function toWatched({ decision, limits, ...rest }: WatchDecisionsResponse): WatchedDecision {
  return { ...rest, admitted: decision === Decision.ADMITTED, limits: toLimits(limits) };
}
