import { randomUUID } from 'node:crypto';
import { createKeys } from '../../daemon/redis/keys';
import {
  createFolder,
  type FoldedPolicy,
  type Folder,
  type Folding,
  type FoldReply,
} from '../../daemon/redis/usage/fold';
import type { RedisSpace } from './redis';

export const CLAIM = '2/1/tested';

const CONNECTION: FoldedPolicy = { name: 'connection', recordsConnections: true };

const US_PER_MS = 1000;

/** A store of one partition that is claimed, and what a daemon would fold of it. */
export async function claimedStore(space: RedisSpace, prefix = `${space.prefix}${randomUUID()}:`) {
  const keys = createKeys({ prefix, partitions: 1 });
  await space.admissions.hset(keys.control(0), 'claim', CLAIM);
  await space.calls.hset(keys.control(0), 'claim', CLAIM);
  return { keys, prefix };
}

export type ClaimedStore = Awaited<ReturnType<typeof claimedStore>>;

/** A daemon's folding of that store. */
export function folderOf(
  space: RedisSpace,
  { keys }: Pick<ClaimedStore, 'keys'>,
  settings: Partial<Folding> & { windowsMs: () => readonly number[] },
): Folder {
  return createFolder({
    redis: space.admissions,
    keys,
    claimOf: () => CLAIM,
    daemonId: randomUUID(),
    policies: () => [CONNECTION],
    logBytes: { connections: 1e9, others: 1e9 },
    partitions: 1,
    ...settings,
  });
}

/**
 * One entry of a log: who was admitted, when, and whether the clock had gone back, so that its id stayed behind. With
 * `refundedMs`, the admission of that moment was refunded.
 */
export interface Logged {
  readonly subjects: readonly string[];
  readonly atMs: number;
  readonly isFrozen?: boolean;
  readonly refundedMs?: number;
}

const toUs = (ms: number) => String(Math.round(ms * US_PER_MS));

/** Appends entries as admissions do, all at one moment: see `scripts/limits/log.lua`. */
export async function append(
  space: RedisSpace,
  { keys }: Pick<ClaimedStore, 'keys'>,
  entries: readonly Logged[],
  policy = CONNECTION.name,
): Promise<void> {
  const pipeline = space.admissions.multi();
  for (const { subjects, atMs, isFrozen = false, refundedMs } of entries) {
    const cost = refundedMs === undefined ? '1' : `-1@${toUs(refundedMs)}`;
    const pairs = subjects.flatMap((subject) => [subject, cost]);
    const us = toUs(atMs);
    const log = keys.admissions(0, policy);
    if (isFrozen) pipeline.xadd(log, '*', '', us, ...pairs);
    else pipeline.xadd(log, `${us}-*`, ...pairs);
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}

/** Folds until nothing is left to do; the last reply. */
export async function foldAll(folder: Folder): Promise<FoldReply> {
  for (;;) {
    const reply = await folder.fold(0);
    if (!reply.has_more) return reply;
  }
}

/** The counts of a window, by subject. */
export async function countsOf(
  space: RedisSpace,
  { keys }: Pick<ClaimedStore, 'keys'>,
  windowMs: number,
): Promise<Record<string, number>> {
  const flat = await space.admissions.zrange(keys.usage(0).window(windowMs), 0, '-1', 'WITHSCORES');
  const counts: Record<string, number> = {};
  for (let at = 0; at < flat.length; at += 2) counts[flat[at] ?? ''] = Number(flat[at + 1]);
  return counts;
}
