import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import calculateSlot from 'cluster-key-slot';
import { createAsking } from './cluster_asking';
import { provided } from './environment';
import type { Machine } from './machine';
import { freePort } from './ports';
import { type OwnRedis, type OwnRedisOptions, type ServerEnvs, startOwnRedis } from './redis';
import { PLAIN, type ServerSecurity } from './redis_security';
import { until } from './wait';

/** A server that does not answer its peers for this long has failed. */
const NODE_TIMEOUT_MS = 3_000;

const SLOT_COUNT = 16_384;

/**
 * A command that hangs for this long has failed. A quarter of all slots took 36 s to move on a busy machine, and one that is
 * stopped leaves a slot open, which every later one rejects.
 */
const COMMAND_BOUND_MS = 240_000;

/** Redis gives up a promotion after 5 s without a word (CLUSTER_MF_TIMEOUT); only then is another one asked for. */
const PROMOTION_MS = 6_000;

const run = promisify(execFile);

/** Masters and replicas for one test. */
export interface OwnCluster {
  /** REDIS_URL. */
  readonly url: string;
  /** Every server, masters and replicas. */
  readonly servers: readonly OwnRedis[];
  /** Those that take writes now. */
  masters(): Promise<readonly OwnRedis[]>;
  /** The master that owns a key now. */
  ownerOf(key: string): Promise<OwnRedis>;
  /** The server that follows a master. */
  replicaOf(master: OwnRedis): Promise<OwnRedis>;
  /** A server's name in the Cluster. */
  idOf(server: OwnRedis): Promise<string>;
  /** Changes a setting of a server while it runs. */
  configure(server: OwnRedis, name: string, value: string): Promise<void>;
  /** Puts a replica in the place of its master, in order, so that nothing is lost. */
  promoteReplicaOf(master: OwnRedis): Promise<void>;
  /** A new master without slots, which every other server knows. */
  addMaster(): Promise<OwnRedis>;
  /** Runs `redis-cli --cluster COMMAND`. */
  manage(command: string, ...args: readonly string[]): Promise<void>;
  /** Moves slots by `redis-cli --cluster rebalance`, again until the servers agree who owns which slot. */
  rebalance(...args: readonly string[]): Promise<void>;
  /** Resolves once each replica has what its master has written. */
  replicated(): Promise<void>;
  /** Resolves once every server that answers agrees that all slots are served. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface OwnClusterOptions {
  readonly masters?: number;
  /** Of each master. */
  readonly replicas?: number;
  readonly security?: ServerSecurity;
  /** Of redis.conf, beyond what every test needs. */
  readonly config?: Readonly<Record<string, string>>;
  /** Where the servers run, the masters first; on loopback unless given. */
  readonly machines?: readonly Machine[];
  /** The environments of the servers, the masters first. */
  readonly envs?: ServerEnvs;
}

export async function startCluster(options: OwnClusterOptions = {}): Promise<OwnCluster> {
  const { masters = 3, replicas = 1, security = PLAIN, config = {}, machines = [], envs = [] } = options;
  const { ask, anyAnswer, replicationOf, replicaOf, idOf, isKnown, isKnownReplica } = createAsking(security);
  const start = (at?: number) =>
    startNode({ security, config, ...(at !== undefined && { machine: machines[at], env: envs[at] }) });
  const count = masters * (1 + replicas);
  const servers = await Promise.all(Array.from({ length: count }, (_, at) => start(at)));
  const addresses = servers.map(({ host, port }) => `${host}:${port}`);

  async function manage(command: string, ...args: readonly string[]): Promise<void> {
    const all = [...security.cli, '--cluster', command, ...args, '--cluster-yes'];
    await run(provided('REDIS_CLI_PATH'), all, { timeout: COMMAND_BOUND_MS });
  }

  const rebalance = async (...args: readonly string[]) => {
    let failure = '';
    const isDone = () =>
      manage('rebalance', ...args).then(
        () => true,
        ({ message, stdout }) => {
          failure = `${message}\n${stdout}`;
          return false;
        },
      );
    await until('the slots are moved', isDone, { boundMs: COMMAND_BOUND_MS }).catch((error: Error) => {
      throw new Error(`${error.message}\n${failure}`);
    });
  };

  async function settled(): Promise<void> {
    for (const server of servers)
      await until(`the state of the server at ${server.port}`, async () => {
        const info = await ask(server, (redis) => redis.cluster('INFO')).catch(() => '');
        // A killed server does not count.
        return info === '' || /cluster_state:ok/.test(String(info));
      });
    // What one server has heard is not known to all at once, and redis-cli moves no slots before.
    await until('the servers agree', () =>
      manage('check', addresses[0] ?? '').then(
        () => true,
        () => false,
      ),
    );
  }

  await manage('create', ...addresses, '--cluster-replicas', String(replicas));
  await settled();
  return {
    url: `${security.isEncrypted ? 'rediss' : 'redis'}+cluster://${addresses.join(',')}`,
    servers,
    manage,
    rebalance,
    settled,
    async masters() {
      // A killed server takes none.
      const reports = await Promise.all(
        servers.map((server) => replicationOf(server).catch(() => undefined)),
      );
      return servers.filter((_, at) => reports[at]?.role === 'master');
    },
    async ownerOf(key) {
      const slot = calculateSlot(key);
      const reply = await anyAnswer(servers, (redis) => redis.cluster('SLOTS'));
      const ranges = reply as unknown as [
        first: number,
        last: number,
        master: [host: string, port: number],
      ][];
      const [, , [, port] = []] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
      const owner = servers.find((server) => server.port === port);
      if (owner === undefined) throw new Error(`nobody owns slot ${slot} of ${SLOT_COUNT}`);
      return owner;
    },
    async replicated() {
      for (const server of servers)
        await until(`the replicas of the server at ${server.port}`, async () => {
          const { role, offset, offsets } = await replicationOf(server);
          const hasAll = offsets.length >= replicas && offsets.every((each) => each === offset);
          return role !== 'master' || hasAll;
        });
    },
    replicaOf: (master) => replicaOf(master, servers),
    idOf,
    async configure(server, name, value) {
      await ask(server, (redis) => redis.config('SET', name, value));
    },
    async promoteReplicaOf(master) {
      const replica = await replicaOf(master, servers);
      const reportOf = () => replicationOf(replica).catch(() => undefined);
      // Without its master's data it cannot reach the master's offset; and masters that have not heard yet that it is a
      // replica deny it their votes ("it is a master node"). The promotion would then expire.
      await until(`all know the replica at ${replica.port}, which follows its master`, async () => {
        return Boolean((await reportOf())?.isLinked) && (await isKnownReplica(replica, master, servers));
      });
      let askedMs = Number.NEGATIVE_INFINITY;
      await until(`the replica at ${replica.port} is promoted`, async () => {
        if ((await reportOf())?.role === 'master') return true;
        if (performance.now() - askedMs > PROMOTION_MS) {
          askedMs = performance.now();
          await ask(replica, (redis) => redis.cluster('FAILOVER')).catch(() => undefined);
        }
        return false;
      });
    },
    async addMaster() {
      const [known = ''] = addresses;
      const added = await start();
      await manage('add-node', `${added.host}:${added.port}`, known);
      servers.push(added);
      // A server that does not know it yet rejects the move of a slot, which then stays half begun.
      await until(`all know the server at ${added.port}`, () => isKnown(added, servers));
      await settled();
      return added;
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** Each server needs two ports, and another program may take one of them meanwhile. */
const MOST_STARTS = 3;

async function startNode(options: OwnRedisOptions): Promise<OwnRedis> {
  for (let start = 1; start < MOST_STARTS; start += 1) {
    const node = await tryToStartNode(options).catch(() => undefined);
    if (node !== undefined) return node;
  }
  return tryToStartNode(options);
}

async function tryToStartNode({ config, ...options }: OwnRedisOptions): Promise<OwnRedis> {
  return startOwnRedis({
    ...options,
    config: {
      'cluster-enabled': 'yes',
      'cluster-port': String(await freePort()),
      'cluster-node-timeout': String(NODE_TIMEOUT_MS),
      // A master whose replica was just killed goes on.
      'cluster-require-full-coverage': 'no',
      appendfsync: 'everysec',
      // A replica that has never had its master's data is not promoted.
      'repl-diskless-sync-delay': '0',
      ...config,
    },
  });
}
