import { Redis } from 'ioredis';
import { spreadTags } from '../../../daemon/redis/hash_tags';
import { createKeys } from '../../../daemon/redis/keys';
import { startCluster } from '../../helpers/cluster';
import { LOOPBACK, type Machine } from '../../helpers/machine';
import type { Opened } from '../../helpers/opened';
import type { OwnRedis } from '../../helpers/redis';
import { SENTINEL_PASSWORD, startSentinels } from '../../helpers/sentinel';

const PARTITIONS = 12;

/** A store with a master that is to fail. */
export interface Store {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** The password of its servers, if they have one. */
  readonly password: string | undefined;
  /** The master that is to be cut off, or killed. */
  readonly master: OwnRedis;
  readonly masterMachine: Machine;
  /** Whether that master decides on a subject. */
  readonly isOwned: (subject: string) => boolean;
  /** Whether another server has taken its place, for the others. */
  readonly isReplaced: () => Promise<boolean>;
  /** What the master itself answers, a connection for each question. */
  readonly askMaster: <T>(question: (redis: Redis) => Promise<T>) => Promise<T>;
  /** What the server answers that has taken its place, for the others. */
  readonly askSuccessor: Store['askMaster'];
  /** Ends the replication of that master: its replicas lose their connections, and may not connect again. */
  readonly loseReplicas: () => Promise<void>;
  /** A key that only this master takes. */
  readonly ownKey: string;
}

export interface StoreOptions {
  readonly opened: Opened;
  /** Where the servers run; on loopback unless given. */
  readonly machines?: readonly Machine[];
  /** Of redis.conf. */
  readonly config: Readonly<Record<string, string>>;
}

export type StartStore = ((options: StoreOptions) => Promise<Store>) & { readonly machineCount: number };

/** Three masters, each with two replicas: one that is promoted needs another that follows it, or it takes no writes either. */
export const startSplitCluster: StartStore = Object.assign(
  ({ config, ...options }: StoreOptions) => {
    // Longer than the lag, so that it is the lag that stops the master.
    const all = { 'cluster-node-timeout': '8000', ...config };
    return startClusterStore({ ...options, config: all, replicas: 2 });
  },
  { machineCount: 9 },
);

/** Three masters, each with so many replicas. */
export async function startClusterStore({
  opened,
  machines = [],
  config,
  replicas,
}: StoreOptions & { readonly replicas: number }): Promise<Store> {
  const cluster = opened.closed(await startCluster({ machines, replicas, config }), (each) => each.close());
  await cluster.replicated();
  const keys = createKeys({ prefix: '', partitions: PARTITIONS, tags: spreadTags(PARTITIONS) });
  const owners = await Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) => cluster.ownerOf(keys.control(partition))),
  );
  const [master] = owners;
  if (master === undefined) throw new Error('nobody owns the first partition');
  const former = await cluster.masters();
  return {
    url: cluster.url,
    env: { QUOTA_PARTITIONS: String(PARTITIONS) },
    password: undefined,
    master,
    masterMachine: machineOf(machines, master),
    isOwned: (subject) => owners[keys.partitionOf(subject)] === master,
    isReplaced: async () => (await cluster.masters()).some((each) => !former.includes(each)),
    askMaster: (question) => ask(master, undefined, question),
    loseReplicas: () => ask(master, undefined, endReplication),
    askSuccessor: async (question) => ask(await cluster.ownerOf(keys.control(0)), undefined, question),
    ownKey: `split:${keys.control(0)}`,
  };
}

/** One master with two replicas, and three Sentinels. */
export const startSentinelStore: StartStore = Object.assign(
  async ({ opened, machines = [], config }: StoreOptions): Promise<Store> => {
    const sentinels = opened.closed(await startSentinels({ machines, config }), (each) => each.close());
    await sentinels.replicated();
    const masterPort = await sentinels.masterPort();
    const serverAt = (port: number) => {
      const found = sentinels.servers.find((server) => server.port === port);
      if (found === undefined) throw new Error(`no server has the port ${port}`);
      return found;
    };
    const master = serverAt(masterPort);
    return {
      url: sentinels.url,
      env: { REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD },
      password: sentinels.password,
      master,
      masterMachine: machineOf(machines, master),
      isOwned: () => true,
      isReplaced: async () => (await sentinels.masterPort()) !== masterPort,
      askMaster: (question) => ask(master, sentinels.password, question),
      loseReplicas: () => ask(master, sentinels.password, endReplication),
      askSuccessor: async (question) =>
        ask(serverAt(await sentinels.masterPort()), sentinels.password, question),
      ownKey: 'split',
    };
  },
  { machineCount: 6 },
);

async function endReplication(master: Redis): Promise<void> {
  await master.acl('SETUSER', 'default', '-sync', '-psync');
  await master.client('KILL', 'TYPE', 'REPLICA');
}

async function ask<T>(
  { host, port }: OwnRedis,
  password: string | undefined,
  question: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis({ host, port, password });
  // A connection that breaks is made anew.
  redis.on('error', () => undefined);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

function machineOf(machines: readonly Machine[], { host }: OwnRedis): Machine {
  const found = [LOOPBACK, ...machines].find(({ address }) => address === host);
  if (found === undefined) throw new Error(`no machine has the address ${host}`);
  return found;
}
