import type { Redis } from 'ioredis';
import { DEFAULT_TOP_WINDOW_MS, type UsageQuery, type UserConnection, type UserCount } from '../quota/usage';
import type { Keys } from './keys';
import { pairs } from './pairs';
import { IDLE_WINDOW_KEPT_MS } from './retention';
import { loadScript, runScript } from './scripts';

const readConnectionsScript = loadScript('read_connections', { uses: ['clock', 'connections'] });

/** Log entries that one run of the script may move a window by: about a millisecond of Redis's time. */
const LOG_STEPS = 1000;

type ReadConnectionsReply = [caughtUp: number, nowMs: number, recent: string[], top: string[]];

/** The last users to connect and the most connected ones, of one partition, exact at `nowMs`. */
export interface Connections {
  readonly nowMs: number;
  readonly recent: UserConnection[];
  readonly top: UserCount[];
}

/**
 * Reads the connections of one partition. A window that was not asked for lately is first moved along the log, in
 * steps that are short for Redis: each connection enters and leaves a window once, whoever asks, and how often.
 */
export async function readConnections(
  { redis, keys }: { redis: Redis; keys: Keys },
  partition: number,
  { recentCount, topCount, topWindowMs }: UsageQuery,
): Promise<Connections> {
  const { log, recent, counts, progress } = keys.connections(partition);
  const keptMs = topWindowMs === DEFAULT_TOP_WINDOW_MS ? topWindowMs : IDLE_WINDOW_KEPT_MS;
  const call = {
    keys: [log, recent, counts(topWindowMs), progress(topWindowMs)],
    args: [topWindowMs, keptMs, LOG_STEPS, recentCount, topCount],
  };
  for (;;) {
    const [caughtUp, nowMs, lastUsers, topUsers] = (await runScript(
      redis,
      readConnectionsScript,
      call,
    )) as ReadConnectionsReply;
    if (caughtUp === 0) continue;
    return {
      nowMs,
      recent: pairs(lastUsers).map(([subject, connectUs]) => ({
        subject,
        connectTimeMs: Number(connectUs) / 1000,
      })),
      top: pairs(topUsers).map(([subject, count]) => ({ subject, count: Number(count) })),
    };
  }
}
