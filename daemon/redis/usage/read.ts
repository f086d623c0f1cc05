import { StoreUnavailable } from '../../quota/errors';
import { type Logins, mergeUsage } from '../../quota/merge';
import type { Usage, UsageQuery } from '../../quota/usage';
import type { Keys } from '../keys';
import type { Database } from '../nodes';
import { pairs } from '../pairs';
import { readCalls } from './calls';
import type { Folder, FoldReply } from './fold';
import { readHourlyDecisions } from './hours';

export interface ReadUsageParts {
  readonly redis: Database;
  readonly calls: Database;
  readonly keys: Keys;
  readonly callsKeys: Keys;
  readonly partitions: number;
  readonly folder: Folder;
  /** Moves a partition's newcomers to the record of calls. */
  readonly registerNewcomers: (partition: number) => Promise<void>;
}

/** A query, with the policies whose hours are asked for. */
export interface UsageRequest {
  readonly query: UsageQuery;
  readonly policies: readonly string[];
}

/**
 * Reads the statistics. The rest of the logs is folded first, in steps that are short for Redis, so that each answered
 * admission is counted. Stops if nobody wants the result any more.
 */
export async function readUsage(
  parts: ReadUsageParts,
  { query, policies }: UsageRequest,
  isWanted: () => boolean,
): Promise<Usage> {
  const { calls, keys, callsKeys, partitions } = parts;
  const home = query.subject === undefined ? undefined : keys.partitionOf(query.subject);
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const read = await Promise.all(
    all.map(async (partition) => {
      // No other partition holds the subject, so no other is asked.
      const subject = partition === home ? query.subject : undefined;
      const logins = await readLogins(parts.folder, { partition, query: { ...query, subject }, isWanted });
      await parts.registerNewcomers(partition);
      return {
        logins,
        ...(await readCalls(
          { calls, keys: callsKeys },
          { partition, leastCount: query.leastCount, subject },
        )),
      };
    }),
  );
  const usage = mergeUsage(read, query);
  const { hourCount } = query;
  const { readTimeMs } = usage;
  const hours = await readHourlyDecisions({ ...parts, partitions: all }, { hourCount, policies, readTimeMs });
  return { ...usage, hours };
}

async function readLogins(
  folder: Folder,
  { partition, query, isWanted }: { partition: number; query: UsageQuery; isWanted: () => boolean },
): Promise<Logins> {
  const { topWindowMs: windowMs, recentCount, topCount, subject } = query;
  while (isWanted()) {
    const reply = await folder.fold(partition, { query: { windowMs, recentCount, topCount, subject } });
    if (reply.usage) return toLogins(reply, reply.usage);
  }
  throw new StoreUnavailable({ cause: new Error('no caller waits for the statistics any more') });
}

function toLogins({ now_us }: FoldReply, usage: NonNullable<FoldReply['usage']>): Logins {
  return {
    nowMs: Math.floor(now_us / 1000),
    recent: pairs(usage.recent).map(([subject, connectUs]) => ({
      subject,
      connectTimeMs: Number(connectUs) / 1000,
    })),
    top: pairs(usage.top).map(([subject, count]) => ({ subject, count: Number(count) })),
    subjectCount: usage.subject_count,
    completeSinceMs: Math.ceil(usage.complete_since_us / 1000),
  };
}
