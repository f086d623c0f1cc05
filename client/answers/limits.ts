import type { Duration } from '../../gen/google/protobuf/duration';
import type { BlockedSubject, PolicyQuota, Raise } from '../../gen/quota/v1/quota_admin_service';
import type { LimitStatus } from '../../gen/quota/v1/quota_service';

const MS_PER_S = 1_000;
const NS_PER_MS = 1_000_000;

/** One limit of a policy for one subject, as it stood when it was read. */
export type Limit = {
  name: string;
  limit: number;
  remaining: number;
  windowMs: number;
  /** Until all of the limit is free again, if nothing more is taken. */
  resetDelayMs: number;
  /** Until one more than `remaining` is free, if nothing more is taken; 0 if all of the limit is free. */
  nextDelayMs: number;
  /** Whether an operator has set another size for this subject. */
  overridden: boolean;
};

/** How far a limit may be raised for a subject, and for how long at most. */
export type RaiseBound = { limit: number; durationMs: number };

/** The state of a subject's limits under one policy; the tightest limit first. */
export type Quota = {
  policy: string;
  limits: Limit[];
  /** By the limit's name; one that is not here cannot be raised. */
  raises: Record<string, RaiseBound>;
};

/** A subject that a policy blocks now. */
export type Blocked = { subject: string; policy: string; limits: Limit[]; denyTime: Date };

/** Reads the state of a subject's limits under one policy. */
export function toQuota({ policy, limits, raises }: PolicyQuota): Quota {
  return { policy, limits: toLimits(limits), raises: toRaises(raises) };
}

/** Names who is blocked. */
export function toBlocked({ subject, policy, limits, denyTime = new Date(0) }: BlockedSubject): Blocked {
  return { subject, policy, limits: toLimits(limits), denyTime };
}

function toRaises(raises: Record<string, Raise>): Record<string, RaiseBound> {
  const bounds = Object.entries(raises).map(
    ([name, { limit, duration }]) => [name, { limit, durationMs: toMs(duration) }] as const,
  );
  return Object.fromEntries(bounds);
}

/** Names the limits that can deny. */
export function toLimits(limits: readonly LimitStatus[]): Limit[] {
  // A shadow limit denies nothing, so it is not shown.
  return limits.filter(({ shadow }) => !shadow).map(toLimit);
}

function toLimit(status: LimitStatus): Limit {
  const { name, limit, remaining, window, resetDelay, nextDelay, overridden } = status;
  const resetDelayMs = toMs(resetDelay);
  return {
    name,
    limit,
    remaining,
    windowMs: toMs(window),
    resetDelayMs,
    // An earlier daemon does not say; when all is free, one more is.
    nextDelayMs: nextDelay === undefined ? resetDelayMs : toMs(nextDelay),
    overridden,
  };
}

/** So many milliseconds as a duration of the contract. Throws a TypeError if it is no number. */
export function toDuration(ms: number): Duration {
  if (!Number.isFinite(ms)) throw new TypeError(`${ms} is not a number of milliseconds`);
  return { seconds: Math.floor(ms / MS_PER_S), nanos: Math.round((ms % MS_PER_S) * NS_PER_MS) };
}

/** A duration of the contract in milliseconds; 0 if it is unset. */
export function toMs(duration: Duration | undefined): number {
  return duration === undefined ? 0 : duration.seconds * MS_PER_S + duration.nanos / NS_PER_MS;
}
