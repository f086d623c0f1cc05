import type { StatsRequest, StatsResponse, SubjectUsage } from '../../gen/quota/v1/quota_service';
import { toDuration } from './limits';

/** The decisions of one hour, by policy; every configured policy is there. */
export type HourlyDecisions = {
  /** A whole hour of UTC. */
  startTime: Date;
  /** What was refunded within the hour is counted as admitted too, in the hour of its admission. */
  policies: { policy: string; admitted: number; denied: number; refunded: number }[];
};

/** One subject's own numbers. */
export type OwnUsage = {
  /** Admitted connections within the window. */
  connectionCount: number;
  /** Calls of the services, in all. */
  callCount: number;
};

/** The statistics; each list in the order its name says. */
export type Stats = {
  recentUsers: { subject: string; connectTime: Date | undefined }[];
  topUsers: { subject: string; count: number }[];
  leastActiveUsers: { subject: string; count: number }[];
  services: { service: string; callCount: number }[];
  /** The hours that were asked for, the oldest first; the last one is the hour of `readTime`. */
  hours: HourlyDecisions[];
  /** The numbers of the subject that was asked for, in the window of `topUsers`; unset if none was. */
  own?: OwnUsage;
  /** When this was read, by the store's clock. */
  readTime: Date;
  /** Since when `topUsers` and `own.connectionCount` count every connection; undefined if the daemon does not say. */
  completeSince: Date | undefined;
};

/** What to read; the daemon's own default for what is left out. */
export type StatsQuery = {
  recentCount?: number;
  topCount?: number;
  /** How far back `topUsers` are counted: one of the windows that the daemon's policies file declares. */
  topWindowMs?: number;
  leastCount?: number;
  /** How many hours of decisions, at most 168, this one the last. */
  hourCount?: number;
  /** Whose own numbers. */
  subject?: string;
};

/** The query as a message. */
export function statsRequest({ topWindowMs, subject = '', ...counts }: StatsQuery): StatsRequest {
  return {
    recentCount: counts.recentCount,
    topCount: counts.topCount,
    topWindow: topWindowMs === undefined ? undefined : toDuration(topWindowMs),
    leastCount: counts.leastCount,
    hourCount: counts.hourCount,
    subject,
  };
}

/** Names what the daemon returned. */
export function toStats(response: StatsResponse): Stats {
  const { recentUsers, topUsers, leastActiveUsers, services, hours, subjectUsage } = response;
  return {
    recentUsers,
    topUsers,
    leastActiveUsers,
    services,
    hours: hours.map(({ startTime, policies }) => ({
      startTime: moment(startTime),
      policies: policies.map(({ policy, admittedCount, deniedCount, refundedCount }) => ({
        policy,
        admitted: admittedCount,
        denied: deniedCount,
        refunded: refundedCount,
      })),
    })),
    ...(subjectUsage && { own: toOwnUsage(subjectUsage) }),
    readTime: moment(response.readTime),
    completeSince: response.completeSince,
  };
}

/** Names a subject's own numbers. */
export function toOwnUsage({ connectionCount, callCount }: SubjectUsage): OwnUsage {
  return { connectionCount, callCount };
}

/** The daemon always says when; the message alone does not promise it. */
function moment(time: Date | undefined): Date {
  return time ?? new Date(0);
}
