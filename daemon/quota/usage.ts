/** One call of a service, to be recorded. */
export interface ServiceCall {
  readonly subject: string;
  readonly service: string;
  /** Makes a repeat count once; undefined if the caller gave none. */
  readonly requestId: string | undefined;
  /** When the call was made; undefined means now, by the store's clock. */
  readonly callTimeMs: number | undefined;
}

/** Which statistics are asked for. */
export interface UsageQuery {
  readonly recentCount: number;
  readonly topCount: number;
  readonly topWindowMs: number;
  readonly leastCount: number;
  /** How many hours of decisions, ending with the current one; 0 means none. */
  readonly hourCount: number;
  /** Whose own numbers to return as well; undefined means nobody's. */
  readonly subject?: string;
}

export interface UserConnection {
  readonly subject: string;
  /** With a fraction: the store's clock counts microseconds. */
  readonly connectTimeMs: number;
}

export interface UserCount {
  readonly subject: string;
  readonly count: number;
}

/** One subject's own numbers. */
export interface SubjectUsage {
  readonly subject: string;
  /** Admitted connections within the window of the query. */
  readonly connectionCount: number;
  /** Service calls recorded, of all services and in all. */
  readonly callCount: number;
}

export interface ServiceUsage {
  readonly service: string;
  readonly callCount: number;
}

/** The decisions of one hour. */
export interface HourlyDecisions {
  /** A whole hour of UTC, by the store's clock. */
  readonly startTimeMs: number;
  readonly policies: readonly PolicyDecisions[];
}

/** How often a policy decided each way. */
export interface PolicyDecisions {
  readonly policy: string;
  readonly admittedCount: number;
  readonly deniedCount: number;
  /** Given back in this hour, whenever they were admitted. */
  readonly refundedCount: number;
}

/** The usage statistics at `readTimeMs`, by the store's clock. Each list is in the order its name says. */
export interface Usage {
  readonly recentUsers: readonly UserConnection[];
  readonly topUsers: readonly UserCount[];
  readonly leastActiveUsers: readonly UserCount[];
  readonly services: readonly ServiceUsage[];
  readonly readTimeMs: number;
  /** Since when the counts of the window are complete: its beginning, unless older connections are not counted. */
  readonly completeSinceMs: number;
  /** The oldest first, the hour of `readTimeMs` last; each holds every policy that was asked for, in that order. */
  readonly hours: readonly HourlyDecisions[];
  /** Only if a subject was asked for; zeros if it did nothing. */
  readonly subjectUsage?: SubjectUsage;
}

export const HOUR_MS = 60 * 60 * 1000;

const DAY_MS = 24 * HOUR_MS;

/** The window of "the most connected" unless another is asked for: the brief's three days. */
export const DEFAULT_TOP_WINDOW_MS = 3 * DAY_MS;

/** The shortest window that can be declared. */
export const MIN_TOP_WINDOW_MS = 60_000;

/** The longest window that can be declared. */
export const MAX_TOP_WINDOW_MS = 31 * DAY_MS;

/** Each window costs Redis some 120 bytes for each user, and work for each connection. */
export const MAX_WINDOWS = 4;

/** The longest list a statistic gives; it bounds what the store keeps for the last users. */
export const MAX_LIST_COUNT = 100;

/** How many hours of decisions can be asked for: a week of them. */
export const MAX_HOUR_COUNT = 7 * 24;

/** The beginnings of the hours that end with the one of `readTimeMs`, the oldest first. */
export function lastHours(hourCount: number, readTimeMs: number): number[] {
  const current = readTimeMs - (readTimeMs % HOUR_MS);
  return Array.from({ length: hourCount }, (_, index) => current - (hourCount - 1 - index) * HOUR_MS);
}
