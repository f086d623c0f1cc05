import { Redis } from 'ioredis';
import type { OwnRedis } from './redis';
import type { ServerSecurity } from './redis_security';
import { until } from './wait';

/** A server that is alive answers within this time, however busy the machine is; a dead one refuses the connection. */
const ANSWER_BOUND_MS = 20_000;

/** What a server reports of its master or replicas. */
interface Replication {
  readonly role: string;
  readonly offset: number;
  /** How far its replicas have come. */
  readonly offsets: readonly number[];
  readonly masterPort: number | undefined;
  /** Whether it is a replica that has its master's data. */
  readonly isLinked: boolean;
}

/** Questions to the single servers of a Cluster. */
export function createAsking({ client }: ServerSecurity) {
  /** The reply of one server. Throws if it does not answer. */
  async function ask<Reply>(server: OwnRedis, question: (redis: Redis) => Promise<Reply>): Promise<Reply> {
    const once = { retryStrategy: () => null, maxRetriesPerRequest: 0, commandTimeout: ANSWER_BOUND_MS };
    const redis = new Redis({ port: server.port, host: server.host, ...client, ...once });
    redis.on('error', () => undefined);
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** The reply of the first server that answers. */
  async function anyAnswer<Reply>(
    servers: readonly OwnRedis[],
    question: (redis: Redis) => Promise<Reply>,
  ): Promise<Reply> {
    for (const server of servers) {
      const reply = await ask(server, question).catch(() => undefined);
      if (reply !== undefined) return reply;
    }
    throw new Error('no server of the cluster answers');
  }

  async function replicationOf(server: OwnRedis): Promise<Replication> {
    const info = await ask(server, (redis) => redis.info('replication'));
    const [, role = ''] = /^role:(\w+)/m.exec(info) ?? [];
    const [, offset] = /^master_repl_offset:(\d+)/m.exec(info) ?? [];
    const [, masterPort] = /^master_port:(\d+)/m.exec(info) ?? [];
    return {
      role,
      offset: Number(offset),
      offsets: Array.from(info.matchAll(/^slave\d+:.*,offset=(\d+)/gm), ([, each]) => Number(each)),
      masterPort: masterPort === undefined ? undefined : Number(masterPort),
      isLinked: /^master_link_status:up/m.test(info),
    };
  }

  /** The server that follows a master. A former master follows it only once it has heard of the promotion. */
  async function replicaOf(master: OwnRedis, servers: readonly OwnRedis[]): Promise<OwnRedis> {
    const found: OwnRedis[] = [];
    const follows = async (server: OwnRedis) => (await replicationOf(server)).masterPort === master.port;
    await until(`a replica of the server at ${master.port}`, async () => {
      for (const server of servers) if (await follows(server).catch(() => false)) found.push(server);
      return found.length > 0;
    });
    const [replica] = found;
    if (replica === undefined) throw new Error(`nobody follows the server at ${master.port}`);
    return replica;
  }

  const idOf = (server: OwnRedis) => ask(server, async (redis) => String(await redis.cluster('MYID')));

  /** Whether each server that answers shows in its CLUSTER NODES what it should. */
  async function isShown(shown: RegExp, servers: readonly OwnRedis[]): Promise<boolean> {
    const views = await Promise.all(
      servers.map((server) => ask(server, (redis) => redis.cluster('NODES')).catch(() => undefined)),
    );
    return views.every((view) => view === undefined || shown.test(String(view)));
  }

  /** Whether each server that answers knows a master. */
  const isKnown = async (master: OwnRedis, servers: readonly OwnRedis[]) =>
    isShown(new RegExp(`^${await idOf(master)} \\S+ (myself,)?master `, 'm'), servers);

  /** Whether each server that answers knows that a server follows a master. */
  async function isKnownReplica(
    replica: OwnRedis,
    master: OwnRedis,
    servers: readonly OwnRedis[],
  ): Promise<boolean> {
    const [id, masterId] = await Promise.all([idOf(replica), idOf(master)]);
    return isShown(new RegExp(`^${id} \\S+ \\S*slave ${masterId} `, 'm'), servers);
  }

  return { ask, anyAnswer, replicationOf, replicaOf, idOf, isKnown, isKnownReplica };
}
