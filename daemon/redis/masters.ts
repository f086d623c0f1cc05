import calculateSlot from 'cluster-key-slot';
import type { Cluster, Redis } from 'ioredis';
import type { ReplacedMaster } from '../quota/replaced_master';
import type { Keys } from './keys';
import { type Database, isCluster } from './nodes';

export interface MastersOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly partitions: number;
  readonly onReplaced: (replaced: ReplacedMaster) => void;
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

function watchOwners(cluster: Cluster, { keys, partitions, onReplaced }: MastersOptions): void {
  const slots = Array.from({ length: partitions }, (_, partition) => calculateSlot(keys.control(partition)));
  let known: readonly (string | undefined)[] = [];

  function look(): void {
    // A slot that nobody serves now will have its former owner again, or another one.
    const owners = slots.map((slot, partition) => cluster.slots[slot]?.[0] ?? known[partition]);
    for (const replaced of replacedMasters(known, owners)) onReplaced(replaced);
    known = owners;
  }

  look();
  cluster.on('refresh', look);
}

/** The masters all of whose partitions have the same other master now, by the owners of the partitions. */
export function replacedMasters(
  before: readonly (string | undefined)[],
  after: readonly (string | undefined)[],
): ReplacedMaster[] {
  const moves = new Map<string, (string | undefined)[]>();
  for (const [partition, from] of before.entries())
    if (from !== undefined) moves.set(from, [...(moves.get(from) ?? []), after[partition]]);
  return [...moves].flatMap(([from, owners]) => {
    const [to] = owners;
    const isReplaced = to !== undefined && to !== from && owners.every((owner) => owner === to);
    return isReplaced ? [{ from, to, partitions: owners.length }] : [];
  });
}

function watchServer(redis: Redis, { partitions, onReplaced }: MastersOptions): void {
  let known: string | undefined;

  function look(): void {
    const server = addressOf(redis);
    if (known !== undefined && server !== undefined && server !== known)
      onReplaced({ from: known, to: server, partitions });
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
