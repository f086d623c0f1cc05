import { DATABASE, ensureServers, REDIS_SERVER } from '../install/install';
import type { Supervisor } from '../processes/supervisor';
import { config } from '../settings/config';
import { startFolder } from '../settings/paths';
import { requireMysql, startMysql } from './mysql';
import { requireRedis, startRedis } from './redis';

/** Far enough from 6379 and 3306 that nobody takes them for the machine's own, and easy to recognise. */
const FIRST_REDIS_PORT = 16_379;
const FIRST_MYSQL_PORT = 13_306;

/** A server that is there to be used; the port is that of a private one. */
export interface Server {
  readonly url: string;
  readonly port?: number;
}

export interface Servers {
  readonly redis: Server;
  readonly mysql: Server;
}

/** Redis and MySQL: those of the environment's URLs, otherwise private ones. */
export async function findOrStartServers(supervisor: Supervisor): Promise<Servers> {
  const needs = [config.redisUrl ? [] : [REDIS_SERVER], config.mysqlUrl ? [] : [DATABASE]].flat();
  await supervisor.finish(() => ensureServers(needs));
  const [redis, mysql] = await Promise.all([findOrStartRedis(supervisor), findOrStartMysql(supervisor)]);
  return { redis, mysql };
}

async function findOrStartRedis(supervisor: Supervisor): Promise<Server> {
  const url = config.redisUrl;
  if (url === undefined) return startRedis({ supervisor, folder: startFolder, firstPort: FIRST_REDIS_PORT });
  await requireRedis(url);
  return { url };
}

async function findOrStartMysql(supervisor: Supervisor): Promise<Server> {
  const url = config.mysqlUrl;
  if (url === undefined) {
    const place = { supervisor, folder: startFolder, firstPort: FIRST_MYSQL_PORT };
    return startMysql({ ...place, mayCreateDatabases: false });
  }
  await requireMysql(url);
  return { url };
}
