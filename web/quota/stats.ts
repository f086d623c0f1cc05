import type { StatsRequest, StatsResponse } from '../../gen/quota/v1/quota_service';

/** The decisions of one hour, by policy; every configured policy is there. */
export type HourlyDecisions = {
  /** A whole hour of UTC. */
  startTime: Date;
  policies: { policy: string; admitted: number; denied: number }[];
};

/** The statistics; each list in the order its name says. */
export type Stats = {
  recentUsers: { subject: string; connectTime: Date | undefined }[];
  topUsers: { subject: string; count: number }[];
  services: { service: string; callCount: number }[];
  /** The hours that were asked for, the oldest first; the last one is the hour of `readTime`. */
  hours: HourlyDecisions[];
  /** The numbers of the subject that was asked for; unset where none was. */
  own?: {
    /** Admitted connections of the last 3 days. */
    connectionCount: number;
    /** Calls of the services, in all. */
    callCount: number;
  };
  /** When this was read, by the store's clock. */
  readTime: Date;
};

/** What may be asked for beside the lists. */
export type StatsQuery = {
  /** How many hours of decisions, at most 168, this one the last. */
  hourCount?: number;
  /** Whose own numbers. */
  subject?: string;
};

/** What the pages show. Said in full rather than left to the daemon's defaults: their headings promise these numbers. */
export function statsRequest({ hourCount = 0, subject = '' }: StatsQuery): StatsRequest {
  return {
    recentCount: 10,
    topCount: 3,
    topWindow: { seconds: 3 * 24 * 60 * 60, nanos: 0 },
    // The site lists its own students, also those whom the daemon has never met.
    leastCount: 0,
    hourCount,
    subject,
  };
}

/** Names what the daemon told. */
export function toStats(response: StatsResponse): Stats {
  const { recentUsers, topUsers, services, hours, readTime } = response;
  const { subjectUsage } = response;
  return {
    recentUsers,
    topUsers,
    services,
    hours: hours.map(({ startTime, policies }) => ({
      startTime: moment(startTime),
      policies: policies.map(({ policy, admittedCount, deniedCount }) => ({
        policy,
        admitted: admittedCount,
        denied: deniedCount,
      })),
    })),
    ...(subjectUsage && {
      own: { connectionCount: subjectUsage.connectionCount, callCount: subjectUsage.callCount },
    }),
    readTime: moment(readTime),
  };
}

/** The daemon always says when; the message alone does not promise it. */
function moment(time: Date | undefined): Date {
  return time ?? new Date(0);
}
