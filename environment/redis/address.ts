import { parseAddress } from '../listen';

/** One of several servers. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** One server, by a URL as ioredis takes it. */
export interface ServerAddress {
  readonly kind: 'server';
  readonly url: string;
  readonly isEncrypted: boolean;
}

/** A master that Sentinels watch over, and replace if it fails. */
export interface SentinelAddress {
  readonly kind: 'sentinel';
  readonly isEncrypted: boolean;
  /** The Sentinels that are asked for the master's address. */
  readonly hosts: readonly RedisHost[];
  /** What the Sentinels call the master. */
  readonly masterName: string;
  readonly database: number;
  /** For the master; Sentinels have a password of their own. */
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Masters that own the keys between them. It has database 0 alone. */
export interface ClusterAddress {
  readonly kind: 'cluster';
  readonly isEncrypted: boolean;
  /** Some of its servers, which are asked for the others. */
  readonly hosts: readonly RedisHost[];
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** The address of a database, from REDIS_URL. */
export type RedisAddress = ServerAddress | SentinelAddress | ClusterAddress;

const SENTINEL_PORT = 26_379;
const SERVER_PORT = 6379;

/** Scheme, kind, user and password, hosts, path. */
const SEVERAL_HOSTS = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/]*)@)?([^/?#@]+)(\/[^?#]*)?$/;

/** Reads a URL of one server, of Sentinels or of a Cluster; undefined for anything else. */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  return /^rediss?\+/.test(text) ? parseSeveralHosts(text) : parseServerUrl(text);
}

function parseServerUrl(url: string): ServerAddress | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, pathname, username, password } = new URL(url);
  const isRight = /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/[0-9]*)?$/.test(pathname);
  if (!isRight || decode(username + password) === undefined) return undefined;
  return { kind: 'server', url, isEncrypted: protocol === 'rediss:' };
}

function parseSeveralHosts(text: string): SentinelAddress | ClusterAddress | undefined {
  const [, scheme, kind, userInfo = '', hostList = '', path = ''] = SEVERAL_HOSTS.exec(text) ?? [];
  const hosts = parseHosts(hostList, kind === 'sentinel' ? SENTINEL_PORT : SERVER_PORT);
  const user = parseUserInfo(userInfo);
  if (hosts === undefined || user === undefined) return undefined;
  const common = { isEncrypted: scheme === 'rediss', hosts, ...user };
  if (kind === 'cluster') return /^(\/0?)?$/.test(path) ? { kind, ...common } : undefined;
  const [, masterName, database = '0'] = /^\/([\w.-]+)(?:\/([0-9]{0,4}))?$/.exec(path) ?? [];
  return masterName === undefined
    ? undefined
    : { kind: 'sentinel', ...common, masterName, database: Number(database) };
}

/** HOST or HOST:PORT, with commas between. */
function parseHosts(list: string, defaultPort: number): RedisHost[] | undefined {
  const hosts = list.split(',').map((text) => {
    return parseAddress(/:[0-9]+$/.test(text) ? text : `${text}:${defaultPort}`);
  });
  return hosts.every((host) => host !== undefined && host.port > 0) ? (hosts as RedisHost[]) : undefined;
}

/** USER, USER:PASSWORD or :PASSWORD, percent-encoded. */
function parseUserInfo(
  text: string,
): { username: string | undefined; password: string | undefined } | undefined {
  const [, user = '', password = ''] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const decoded = { username: decode(user), password: decode(password) };
  if (decoded.username === undefined || decoded.password === undefined) return undefined;
  return { username: decoded.username || undefined, password: decoded.password || undefined };
}

/** A bare `%` in a password is a slip that would otherwise be met only when connecting. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The URL of another database of the same server, or of the same master; that of a Cluster stays as it is. */
export function withDatabase(url: string, database: number): string {
  const kind = parseRedisUrl(url)?.kind;
  if (kind === 'cluster') return url;
  if (kind === 'sentinel') return url.replace(/^([^/]*\/\/[^/]*\/[^/]*).*$/s, `$1/${database}`);
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
