import { Redis } from 'ioredis';
import { spreadTags } from '../../../daemon/redis/hash_tags';
import { createKeys } from '../../../daemon/redis/keys';
import { startCluster } from '../../helpers/cluster';
import type { Machine } from '../../helpers/machine';
import type { Opened } from '../../helpers/opened';
import type { OwnRedis } from '../../helpers/redis';
import { SENTINEL_PASSWORD, startSentinels } from '../../helpers/sentinel';

const PARTITIONS = 12;

/** A store over several machines. */
export interface Store {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** The master that is to be cut off. */
  readonly master: OwnRedis;
  readonly masterMachine: Machine;
  /** Whether that master decides on a subject. */
  readonly isOwned: (subject: string) => boolean;
  /** Whether another server has taken its place, for the others. */
  readonly isReplaced: () => Promise<boolean>;
  /** What the master itself answers, a connection for each question. */
  readonly askMaster: <T>(question: (redis: Redis) => Promise<T>) => Promise<T>;
  /** A key that only this master takes. */
  readonly ownKey: string;
}

export interface StoreOptions {
  readonly opened: Opened;
  readonly machines: readonly Machine[];
  /** Of redis.conf. */
  readonly config: Readonly<Record<string, string>>;
}

export type StartStore = ((options: StoreOptions) => Promise<Store>) & { readonly machineCount: number };

/** Three masters, each with two replicas: one that is promoted needs another that follows it, or it takes no writes either. */
export const startSplitCluster: StartStore = Object.assign(
  async ({ opened, machines, config }: StoreOptions): Promise<Store> => {
    // Longer than the lag, so that it is the lag that stops the master.
    const all = { 'cluster-node-timeout': '8000', ...config };
    const cluster = opened.closed(await startCluster({ machines, replicas: 2, config: all }), (each) =>
      each.close(),
    );
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
      master,
      masterMachine: machineOf(machines, master),
      isOwned: (subject) => owners[keys.partitionOf(subject)] === master,
      isReplaced: async () => (await cluster.masters()).some((each) => !former.includes(each)),
      askMaster: (question) => ask(master, undefined, question),
      ownKey: `split:${keys.control(0)}`,
    };
  },
  { machineCount: 9 },
);

/** One master with two replicas, and three Sentinels. */
export const startSplitSentinels: StartStore = Object.assign(
  async ({ opened, machines, config }: StoreOptions): Promise<Store> => {
    const sentinels = opened.closed(await startSentinels({ machines, config }), (each) => each.close());
    await sentinels.replicated();
    const masterPort = await sentinels.masterPort();
    const master = sentinels.servers.find(({ port }) => port === masterPort);
    if (master === undefined) throw new Error('no server is the master');
    return {
      url: sentinels.url,
      env: { REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD },
      master,
      masterMachine: machineOf(machines, master),
      isOwned: () => true,
      isReplaced: async () => (await sentinels.masterPort()) !== masterPort,
      askMaster: (question) => ask(master, sentinels.password, question),
      ownKey: 'split',
    };
  },
  { machineCount: 6 },
);

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
  const found = machines.find(({ address }) => address === host);
  if (found === undefined) throw new Error(`no machine has the address ${host}`);
  return found;
}
