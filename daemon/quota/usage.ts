/** One call of a service, to be recorded. */
export interface ServiceCall {
  readonly subject: string;
  readonly service: string;
  /** Makes a repeat count once; undefined where the caller gave none. */
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

export interface ServiceUsage {
  readonly service: string;
  readonly callCount: number;
}

/** The usage statistics at `readTimeMs`, by the store's clock. Each list is in the order its name says. */
export interface Usage {
  readonly recentUsers: readonly UserConnection[];
  readonly topUsers: readonly UserCount[];
  readonly leastActiveUsers: readonly UserCount[];
  readonly services: readonly ServiceUsage[];
  readonly readTimeMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The window of "the most connected" unless another is asked for: the brief's three days. */
export const DEFAULT_TOP_WINDOW_MS = 3 * DAY_MS;

/** How far back connections are kept, and so the longest window that can be asked for. */
export const MAX_TOP_WINDOW_MS = 7 * DAY_MS;

/** The longest list a statistic gives; it bounds what the store keeps for the last users. */
export const MAX_LIST_COUNT = 100;
