import calculateSlot from 'cluster-key-slot';
import type { Cluster, Redis } from 'ioredis';
import type { ReplacedMaster } from '../quota/replaced_master';
import type { Keys } from './keys';
import { type Database, isCluster } from './nodes';

/**
 * A server that claims slots owns them once it has claimed them for this long. A former master that returns claims them
 * too, until it hears of the failover.
 */
const STABLE_MS = 2_000;

export interface MastersOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly partitions: number;
  readonly onReplaced: (replaced: ReplacedMaster) => void;
  readonly nowMs?: () => number;
}

/**
 * Notices failovers: on a Cluster when the owners of the slots are read, otherwise when the connection is opened anew. A
 * partition that moves away from others is no failover; of a master with one partition its move looks like one.
 */
export function watchMasters(options: MastersOptions): void {
  const { redis } = options;
  if (isCluster(redis)) watchOwners(redis, options);
  else watchServer(redis, options);
}

/** Who has a partition. */
interface Ownership {
  readonly owner: string | undefined;
  /** Who claimed it when the owners were last read, and since when. */
  readonly claimant: string | undefined;
  readonly sinceMs: number;
}

const UNKNOWN: Ownership = { owner: undefined, claimant: undefined, sinceMs: 0 };

function watchOwners(cluster: Cluster, options: MastersOptions): void {
  const { keys, partitions, onReplaced, nowMs = () => performance.now() } = options;
  const slots = Array.from({ length: partitions }, (_, partition) => calculateSlot(keys.control(partition)));
  let known: readonly Ownership[] = [];

  function look(): void {
    const atMs = nowMs();
    const seen = slots.map((slot, partition) =>
      ownershipAfter(known[partition] ?? UNKNOWN, { claimant: cluster.slots[slot]?.[0], atMs }),
    );
    for (const replaced of replacedMasters(known, seen)) onReplaced(replaced);
    known = seen;
  }

  look();
  cluster.on('refresh', look);
}

function ownershipAfter(
  before: Ownership,
  { claimant, atMs }: { claimant: string | undefined; atMs: number },
): Ownership {
  // A slot that nobody serves now will have its former owner again, or another one.
  if (claimant === undefined) return before;
  if (before.owner === undefined) return { owner: claimant, claimant, sinceMs: atMs };
  if (claimant !== before.claimant) return { ...before, claimant, sinceMs: atMs };
  return atMs - before.sinceMs >= STABLE_MS ? { ...before, owner: claimant } : before;
}

/** The masters all of whose partitions have the same other master now. */
function replacedMasters(before: readonly Ownership[], after: readonly Ownership[]): ReplacedMaster[] {
  const moves = new Map<string, Ownership[]>();
  for (const [partition, now] of after.entries()) {
    const from = before[partition]?.owner;
    if (from !== undefined) moves.set(from, [...(moves.get(from) ?? []), now]);
  }
  return [...moves].flatMap(([from, owned]) => {
    const [{ owner: to, sinceMs } = UNKNOWN] = owned;
    const isReplaced = to !== undefined && to !== from && owned.every(({ owner }) => owner === to);
    return isReplaced ? [{ from, to, partitions: owned.length, sinceMs }] : [];
  });
}

function watchServer(redis: Redis, options: MastersOptions): void {
  const { partitions, onReplaced, nowMs = () => performance.now() } = options;
  let known: string | undefined;

  function look(): void {
    const server = addressOf(redis);
    if (known !== undefined && server !== undefined && server !== known)
      onReplaced({ from: known, to: server, partitions, sinceMs: nowMs() });
    known = server ?? known;
  }

  if (redis.status === 'ready') look();
  redis.on('ready', look);
}

/**
 * The other end of the connection, which Sentinels or a name led to; undefined on a socket of this machine. A proxy hides
 * the server behind it, and of a name with several addresses each is another server.
 */
function addressOf({ stream }: Redis): string | undefined {
  const { remoteAddress, remotePort } = stream as { remoteAddress?: string; remotePort?: number };
  return remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort}`;
}
