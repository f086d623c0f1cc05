import { HOUR_MS } from '../../quota/usage';

/** How far back a replay can read, and the least time that logs are kept: a week and one hour. */
export const LOG_KEPT_MS = (7 * 24 + 1) * HOUR_MS;

/** The most bytes of a log over all partitions. */
export interface LogBytes {
  /** The admissions of each policy that records connections. */
  readonly connections: number;
  /** Each other log: the admissions of another policy, and the recorded calls. Only the replay and humans read these. */
  readonly others: number;
}

/** About a million logins, and a tenth of that. */
export const DEFAULT_LOG_BYTES: LogBytes = { connections: 32 * 1024 * 1024, others: 4 * 1024 * 1024 };

/** Smaller logs cannot be trimmed exactly: whole pages of entries are removed. */
export const SMALLEST_LOG_BYTES = 64 * 1024;

/** The most bytes of a log in each partition. */
export function partitionLogBytes(totalBytes: number, partitions: number): number {
  return Math.max(SMALLEST_LOG_BYTES, Math.floor(totalBytes / partitions));
}
