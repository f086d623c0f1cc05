import { setTimeout as pause } from 'node:timers/promises';
import { choosePort } from '../../../scripts/servers/ports';
import type { Bench } from '../bench';
import { type BenchRedis, startBenchRedis } from './redis';

const HOST = '127.0.0.1';

const SLOT_COUNT = 16_384;

/** The servers agree within a second or two. */
const AGREED_BOUND_MS = 60_000;
const STEP_MS = 50;

/** A busy machine must not look like a failure: no server is to be replaced here. */
const NODE_TIMEOUT_MS = 60_000;

/** A Cluster of its own, of masters that own equal ranges of the slots; without replicas. */
export interface BenchCluster {
  /** REDIS_URL. */
  readonly url: string;
  readonly masters: readonly BenchRedis[];
  stop(): Promise<void>;
}

export async function startBenchCluster(bench: Bench, name: string, count: number): Promise<BenchCluster> {
  const all: Master[] = [];
  for (let master = 1; master <= count; master += 1) all.push(await startMaster(bench, `${name}_${master}`));
  await joinAll(all);
  const masters = all.map(({ redis }) => redis);
  return {
    url: `redis+cluster://${masters.map(({ port }) => `${HOST}:${port}`).join(',')}`,
    masters,
    async stop() {
      for (const master of masters) await master.stop();
    },
  };
}

interface Master {
  readonly redis: BenchRedis;
  /** On which the servers talk to each other. */
  readonly busPort: number;
}

async function startMaster(bench: Bench, name: string): Promise<Master> {
  // Redis's own choice is a port that outgoing connections use as well.
  const busPort = await choosePort({ folder: bench.folder, name: `${name}_bus`, first: bench.firstPort });
  const redis = await startBenchRedis(bench, name, {
    'cluster-enabled': 'yes',
    // A server that has met no other does not know its own address, and tells no client where its slots are.
    'cluster-announce-ip': HOST,
    'cluster-port': String(busPort),
    'cluster-node-timeout': String(NODE_TIMEOUT_MS),
  });
  return { redis, busPort };
}

/** What `redis-cli --cluster create` does, which refuses to make a Cluster of fewer than three masters. */
async function joinAll(masters: readonly Master[]): Promise<void> {
  const firstSlot = (index: number) => Math.floor((index * SLOT_COUNT) / masters.length);
  for (const [index, { redis }] of masters.entries()) {
    await redis.client.call('CLUSTER', 'ADDSLOTSRANGE', firstSlot(index), firstSlot(index + 1) - 1);
    // Two servers with one epoch would argue about who owns what.
    await redis.client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  const [first, ...others] = masters;
  for (const { redis } of others)
    await redis.client.call(
      'CLUSTER',
      'MEET',
      '127.0.0.1',
      String(first?.redis.port),
      String(first?.busPort),
    );
  const endMs = performance.now() + AGREED_BOUND_MS;
  while (!(await agree(masters))) {
    if (performance.now() > endMs) throw new Error('the masters of a Cluster do not agree');
    await pause(STEP_MS);
  }
}

async function agree(masters: readonly Master[]): Promise<boolean> {
  const infos = await Promise.all(masters.map(({ redis }) => redis.client.call('CLUSTER', 'INFO')));
  const expected = ['cluster_state:ok\r', `cluster_known_nodes:${masters.length}\r`];
  return infos.every((info) => expected.every((line) => String(info).includes(line)));
}
