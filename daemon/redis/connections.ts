import type { Redis } from 'ioredis';
import { DEFAULT_TOP_WINDOW_MS, type UsageQuery, type UserConnection, type UserCount } from '../quota/usage';
import { translateFailure } from './failures';
import type { Keys } from './keys';
import { pairs } from './pairs';
import { IDLE_WINDOW_KEPT_MS, WINDOWS_KEPT } from './retention';
import { loadScript, runScript } from './scripts';

const readConnectionsScript = loadScript('read_connections', { uses: ['clock', 'connections'] });

/** Log entries that one run of the script may move a window by: about a millisecond of Redis's time. */
const LOG_STEPS = 1000;

type ReadConnectionsReply = [
  caughtUp: number,
  nowMs: number,
  recent: string[],
  top: string[],
  subjectCount: number,
];

/** The last users to connect and the most connected ones, of one partition, exact at `nowMs`. */
export interface Connections {
  readonly nowMs: number;
  readonly recent: UserConnection[];
  readonly top: UserCount[];
  /** The connections of the subject that was asked for; 0 where it has none here, or nobody was. */
  readonly subjectCount: number;
}

/**
 * Reads the connections of one partition. A window that was not asked for lately is first moved along the log, in
 * steps that are short for Redis: each connection enters and leaves a window once, whoever asks, and how often.
 */
export async function readConnections(
  { redis, keys }: { redis: Redis; keys: Keys },
  partition: number,
  { recentCount, topCount, topWindowMs, subject = '' }: UsageQuery,
): Promise<Connections> {
  const { log, recent, counts, progress } = keys.connections(partition);
  const keptMs = topWindowMs === DEFAULT_TOP_WINDOW_MS ? topWindowMs : IDLE_WINDOW_KEPT_MS;
  const call = {
    keys: [log, recent, counts(topWindowMs), progress(topWindowMs)],
    args: [topWindowMs, keptMs, LOG_STEPS, recentCount, topCount, subject],
  };
  for (;;) {
    const [caughtUp, nowMs, lastUsers, topUsers, subjectCount] = (await runScript(
      redis,
      readConnectionsScript,
      call,
    )) as ReadConnectionsReply;
    if (caughtUp === 0) continue;
    if (topWindowMs !== DEFAULT_TOP_WINDOW_MS)
      await forgetOldWindows({ redis, keys }, partition, { topWindowMs, nowMs });
    return {
      nowMs,
      recent: pairs(lastUsers).map(([subject, connectUs]) => ({
        subject,
        connectTimeMs: Number(connectUs) / 1000,
      })),
      top: pairs(topUsers).map(([subject, count]) => ({ subject, count: Number(count) })),
      subjectCount,
    };
  }
}

/** Bounds the windows that are kept: one that is asked for again is counted anew, and right all the same. */
async function forgetOldWindows(
  { redis, keys }: { redis: Redis; keys: Keys },
  partition: number,
  { topWindowMs, nowMs }: { topWindowMs: number; nowMs: number },
): Promise<void> {
  const { windows, counts, progress } = keys.connections(partition);
  try {
    await redis.zadd(windows, nowMs, topWindowMs);
    await redis.pexpire(windows, IDLE_WINDOW_KEPT_MS);
    for (const old of await redis.zrange(windows, 0, `${-1 - WINDOWS_KEPT}`)) {
      await redis.unlink(counts(Number(old)), progress(Number(old)));
      await redis.zrem(windows, old);
    }
  } catch (error) {
    throw translateFailure(error);
  }
}
