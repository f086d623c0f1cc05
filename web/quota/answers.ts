import type { Duration } from '../../gen/google/protobuf/duration';
import type { PolicyQuota } from '../../gen/quota/v1/quota_admin_service';
import { type AdmitResponse, Decision, type LimitStatus } from '../../gen/quota/v1/quota_service';
import { QuotaUnavailable } from './unavailable';

const MS_PER_S = 1_000;
const NS_PER_MS = 1_000_000;

/** One limit of a policy for one subject, as it stood when the daemon answered. */
export type Limit = {
  name: string;
  limit: number;
  remaining: number;
  windowMs: number;
  /** Until all of the limit is free again, if nothing more is taken. */
  resetDelayMs: number;
  /** Until one more than `remaining` is free, if nothing more is taken; 0 where all of the limit is free. */
  nextDelayMs: number;
};

/** The daemon's decision. A denial took nothing; without a retry delay, waiting cannot help. */
export type Admission =
  | { admitted: true; limits: Limit[] }
  | { admitted: false; limits: Limit[]; retryDelayMs: number | undefined };

/** Where a subject stands with one policy; the tightest limit first. */
export type Quota = { policy: string; limits: Limit[] };

/** Names what the daemon decided. Throws QuotaUnavailable where it is no decision that we know. */
export function toAdmission(response: AdmitResponse, requestId: string): Admission {
  const limits = toLimits(response.limits);
  switch (response.decision) {
    case Decision.ADMITTED:
      return { admitted: true, limits };
    case Decision.DENIED:
      return { admitted: false, limits, retryDelayMs: response.retryDelay && toMs(response.retryDelay) };
    default:
      // A verdict that a later daemon may know, and we do not, must never let anyone in.
      throw new QuotaUnavailable({ requestId, reason: `unknown decision ${response.decision}` });
  }
}

/** Names where a subject stands with one policy. */
export function toQuota({ policy, limits }: PolicyQuota): Quota {
  return { policy, limits: toLimits(limits) };
}

function toLimits(limits: readonly LimitStatus[]): Limit[] {
  // A shadow limit refuses nobody, so nobody is told of it.
  return limits.filter(({ shadow }) => !shadow).map(toLimit);
}

function toLimit({ name, limit, remaining, window, resetDelay, nextDelay }: LimitStatus): Limit {
  const resetDelayMs = toMs(resetDelay);
  return {
    name,
    limit,
    remaining,
    windowMs: toMs(window),
    resetDelayMs,
    // An earlier daemon does not say; when all is free, one more is.
    nextDelayMs: nextDelay === undefined ? resetDelayMs : toMs(nextDelay),
  };
}

function toMs(duration: Duration | undefined): number {
  return duration === undefined ? 0 : duration.seconds * MS_PER_S + duration.nanos / NS_PER_MS;
}
