import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import calculateSlot from 'cluster-key-slot';
import type { Cluster, Redis } from 'ioredis';
import type { ReplacedMaster } from '../../../../daemon/quota/replaced_master';
import { createKeys } from '../../../../daemon/redis/keys';
import { watchMasters } from '../../../../daemon/redis/masters';

const PARTITIONS = 6;
const keys = createKeys({ prefix: '', partitions: PARTITIONS });

/** How often the owners are read. */
const READ_MS = 5_000;

/** A Cluster whose first partitions one master has, and another one the others. */
function clusterOf(...owners: readonly string[]) {
  const cluster = Object.assign(new EventEmitter(), { isCluster: true, slots: [] as string[][] });
  const seen: ReplacedMaster[] = [];
  let nowMs = 0;
  const read = (...now: readonly string[]) => {
    nowMs += READ_MS;
    cluster.slots = [];
    for (const [partition, owner] of now.entries())
      if (owner !== '') cluster.slots[calculateSlot(keys.control(partition))] = [owner, 'replica:1'];
    cluster.emit('refresh');
  };
  watchMasters({
    redis: cluster as unknown as Cluster,
    keys,
    partitions: PARTITIONS,
    onReplaced: (replaced) => void seen.push(replaced),
    nowMs: () => nowMs,
  });
  read(...owners);
  return { seen, read };
}

describe('watchMasters on a Cluster', () => {
  test('reports a master whose partitions all have the same other one, and since when', () => {
    const { seen, read } = clusterOf('a', 'b', 'a', 'b', 'a', 'b');
    for (let times = 0; times < 3; times += 1) read('c', 'b', 'c', 'b', 'c', 'b');

    expect(seen).toEqual([{ from: 'a', to: 'c', partitions: 3, sinceMs: 2 * READ_MS }]);
  });

  test('reports no former master that claims its partitions until it hears of the failover', () => {
    const { seen, read } = clusterOf('c', 'b', 'c', 'b', 'c', 'b');
    read('a', 'b', 'a', 'b', 'a', 'b');
    read('c', 'b', 'c', 'b', 'c', 'b');
    read('c', 'b', 'c', 'b', 'c', 'b');

    expect(seen).toEqual([]);
  });

  test('reports a failover once if the former master returns meanwhile', () => {
    const { seen, read } = clusterOf('a', 'b', 'a', 'b', 'a', 'b');
    read('c', 'b', 'c', 'b', 'c', 'b');
    read('a', 'b', 'a', 'b', 'a', 'b');
    read('c', 'b', 'c', 'b', 'c', 'b');
    read('c', 'b', 'c', 'b', 'c', 'b');

    expect(seen).toEqual([{ from: 'a', to: 'c', partitions: 3, sinceMs: 4 * READ_MS }]);
  });

  test('reports no partition that moves alone', () => {
    const { seen, read } = clusterOf('a', 'b', 'a', 'b', 'a', 'b');
    for (let times = 0; times < 2; times += 1) read('c', 'b', 'a', 'b', 'a', 'b');
    for (let times = 0; times < 2; times += 1) read('c', 'b', 'b', 'b', 'a', 'b');

    expect(seen).toEqual([]);
  });

  test('reports a master whose slots nobody served for a while', () => {
    const { seen, read } = clusterOf('a', 'b', 'a', 'b', 'a', 'b');
    read('', 'b', '', 'b', '', 'b');
    for (let times = 0; times < 2; times += 1) read('c', 'b', 'c', 'b', 'c', 'b');

    expect(seen).toMatchObject([{ from: 'a', to: 'c', partitions: 3 }]);
  });

  test('reports each of two that fail together, and the way back', () => {
    const { seen, read } = clusterOf('a', 'b', 'a', 'b', 'a', 'a');
    for (let times = 0; times < 2; times += 1) read('c', 'd', 'c', 'd', 'c', 'c');
    for (let times = 0; times < 2; times += 1) read('a', 'd', 'a', 'd', 'a', 'a');

    expect(seen).toMatchObject([
      { from: 'a', to: 'c', partitions: 4 },
      { from: 'b', to: 'd', partitions: 2 },
      { from: 'c', to: 'a', partitions: 4 },
    ]);
  });
});

test('watchMasters on one server, or behind Sentinels: reports a connection that leads to another server', () => {
  const redis = Object.assign(new EventEmitter(), { isCluster: false, status: 'connecting', stream: {} });
  const seen: ReplacedMaster[] = [];
  watchMasters({
    redis: redis as unknown as Redis,
    keys,
    partitions: PARTITIONS,
    onReplaced: (replaced) => void seen.push(replaced),
    nowMs: () => 7,
  });
  for (const remotePort of [1, 1, 2]) {
    redis.stream = { remoteAddress: '10.0.0.1', remotePort };
    redis.emit('ready');
  }

  expect(seen).toEqual([{ from: '10.0.0.1:1', to: '10.0.0.1:2', partitions: PARTITIONS, sinceMs: 7 }]);
});
