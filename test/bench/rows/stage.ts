import type { Bench } from '../bench';
import { type BenchCluster, startBenchCluster } from '../processes/cluster';
import { type BenchDaemon, type BenchDaemonOptions, startBenchDaemon } from '../processes/daemon';
import { startHelper } from '../processes/helper';
import { type BenchRedis, startBenchRedis } from '../processes/redis';
import { type Caller, openCaller } from './calls';
import { type Generator, startGenerator } from './generator';

/** A server that a daemon is compared with. */
export interface Peer {
  readonly pid: number;
  readonly target: string;
}

/** Starts what a measurement needs; all of it is stopped after the measurement, the last first. */
export interface Stage {
  redis(name: string): Promise<BenchRedis>;
  cluster(name: string, masters: number): Promise<BenchCluster>;
  daemon(options: BenchDaemonOptions): Promise<BenchDaemon>;
  /** grpc-js with constant answers. */
  empty(): Promise<Peer>;
  /** rate-limiter-flexible behind the same method. */
  flexible(redis: BenchRedis): Promise<Peer>;
  generator(): Generator;
  caller(target: string): Caller;
}

const EMPTY_SERVER = '../peers/empty_server.js';
const FLEXIBLE_SERVER = '../peers/flexible_server.js';

/** Does the work on a stage of its own. */
export async function onStage<T>(bench: Bench, work: (stage: Stage) => Promise<T>): Promise<T> {
  const stops: (() => Promise<void>)[] = [];

  function kept<Started extends { stop(): Promise<void> }>(started: Started): Started {
    stops.push(() => started.stop());
    return started;
  }

  async function peer(file: string, args: readonly string[] = []): Promise<Peer> {
    const helper = kept(startHelper<string, string>(file, args));
    return { pid: helper.pid, target: await helper.ask('where') };
  }

  try {
    return await work({
      redis: async (name) => kept(await startBenchRedis(bench, `redis_${name}`)),
      cluster: async (name, masters) => kept(await startBenchCluster(bench, `cluster_${name}`, masters)),
      daemon: async (options) => kept(await startBenchDaemon(bench, options)),
      empty: () => peer(EMPTY_SERVER),
      flexible: ({ url }) => peer(FLEXIBLE_SERVER, [url]),
      generator: () => kept(startGenerator()),
      caller: (target) => kept(openCaller(target)),
    });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}
