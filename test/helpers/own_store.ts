import { startCluster } from './cluster';
import { storeKind } from './environment';
import { LOOPBACK, type Machine } from './machine';
import { type OwnRedis, onMasters, openDatabase, startOwnRedis } from './redis';
import { startSentinels } from './sentinel';

/** No server is replaced by another one while a test lets all of them fail, however slow the machine is. */
const NO_FAILOVER_MS = 60_000;

/** More replicas than any master has. */
const TOO_MANY_REPLICAS = '9';

/** A store that a test may let fail as a whole; what it holds survives on disk. */
export interface OwnStore extends Pick<OwnRedis, 'url' | 'kill' | 'start' | 'freeze' | 'thaw' | 'close'> {
  /** From then on it answers, and rejects every write. */
  stopWrites(): Promise<void>;
  takeWrites(): Promise<void>;
}

/** Starts a store of the kind that the suites run on: one server, one with replicas behind Sentinels, or a Cluster. */
export function startOwnStore({ machine = LOOPBACK }: { machine?: Machine } = {}): Promise<OwnStore> {
  const starts = { server: startServer, sentinel: startBehindSentinels, cluster: startOwnCluster };
  return starts[storeKind()](machine);
}

async function startServer(machine: Machine): Promise<OwnStore> {
  const redis = await startOwnRedis({ machine });
  const become = (...master: [host: string, port: string]) =>
    withMasters(redis.url, (server) => server.replicaof(...master));
  return { ...redis, stopWrites: () => become('127.0.0.1', '1'), takeWrites: () => become('NO', 'ONE') };
}

/** What it has acknowledged is on disk when all of it is killed. */
const ON_DISK = { appendfsync: 'always' };

const PROCESSES = 6;

/** The Sentinels go on: they are asked for the master's address, and know of no other one. */
async function startBehindSentinels(machine: Machine): Promise<OwnStore> {
  const { url, servers, close } = await startSentinels({
    sentinelPassword: '',
    downAfterMs: NO_FAILOVER_MS,
    config: ON_DISK,
    machines: Array(PROCESSES).fill(machine),
  });
  return { url, close, ...together(servers), ...byReplicas(url) };
}

async function startOwnCluster(machine: Machine): Promise<OwnStore> {
  const { url, servers, settled, close } = await startCluster({
    config: { 'cluster-node-timeout': String(NO_FAILOVER_MS), ...ON_DISK },
    machines: Array(PROCESSES).fill(machine),
  });
  const all = together(servers);
  return {
    url,
    close,
    ...all,
    ...byReplicas(url),
    async start() {
      await all.start();
      await settled();
    },
  };
}

/** All servers at once. */
function together(servers: readonly OwnRedis[]): Pick<OwnStore, 'kill' | 'start' | 'freeze' | 'thaw'> {
  return {
    async kill() {
      await Promise.all(servers.map((server) => server.kill()));
    },
    async start() {
      await Promise.all(servers.map((server) => server.start()));
    },
    freeze() {
      for (const server of servers) server.freeze();
    },
    thaw() {
      for (const server of servers) server.thaw();
    },
  };
}

/** A Cluster or a Sentinel keeps its masters from being made replicas; masters that miss replicas reject writes too. */
function byReplicas(url: string): Pick<OwnStore, 'stopWrites' | 'takeWrites'> {
  const need = (count: string) =>
    withMasters(url, (master) => master.config('SET', 'min-replicas-to-write', count));
  return { stopWrites: () => need(TOO_MANY_REPLICAS), takeWrites: () => need('0') };
}

async function withMasters(url: string, ask: Parameters<typeof onMasters>[1]): Promise<void> {
  const database = openDatabase(url);
  try {
    await onMasters(database, ask);
  } finally {
    database.disconnect();
  }
}
