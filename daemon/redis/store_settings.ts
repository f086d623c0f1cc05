import type { Redis } from 'ioredis';
import { type Finding, SETTINGS, type Setting } from '../quota/store_risks';
import { replyCode } from './failures';

/** The settings of Redis that the daemon's guarantees depend on; undefined if Redis does not report them. */
export interface StoreSettings {
  readonly version: string | undefined;
  /** The append-only file, and when it is forced to disk. */
  readonly appendonly: 'yes' | 'no' | undefined;
  readonly appendfsync: string | undefined;
  readonly noAppendfsyncOnRewrite: string | undefined;
  /** The policy once memory is full, and the limit in bytes; 0: no limit. */
  readonly maxmemoryPolicy: string | undefined;
  readonly maxmemory: number | undefined;
  readonly role: string | undefined;
  readonly replicas: number | undefined;
}

/**
 * Reads the settings, as far as this user of Redis may. Throws if Redis does not answer; if a command is forbidden, its
 * settings stay undefined.
 */
export async function readStoreSettings(redis: Redis): Promise<StoreSettings> {
  const info = parseInfo(await allowed(redis.info()));
  const [, appendfsync] = (await allowed(redis.config('GET', 'appendfsync'))) ?? [];
  const [, onRewrite] = (await allowed(redis.config('GET', 'no-appendfsync-on-rewrite'))) ?? [];
  const aof = info.get('aof_enabled');
  return {
    version: info.get('redis_version'),
    appendonly: aof === undefined ? undefined : aof === '1' ? 'yes' : 'no',
    appendfsync: textOf(appendfsync),
    noAppendfsyncOnRewrite: textOf(onRewrite),
    maxmemoryPolicy: info.get('maxmemory_policy'),
    maxmemory: numberOf(info.get('maxmemory')),
    role: info.get('role'),
    replicas: numberOf(info.get('connected_slaves')),
  };
}

/** Redis's reply; undefined if the command is not allowed, renamed or unknown. */
async function allowed<Reply>(reply: Promise<Reply>): Promise<Reply | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (['NOPERM', 'ERR'].includes(replyCode(error) ?? '')) return undefined;
    throw error;
  }
}

function parseInfo(text = ''): Map<string, string> {
  const lines = text.matchAll(/^([^#:\r\n]+):(.*?)\r?$/gm);
  return new Map(Array.from(lines, ([, name = '', value = '']) => [name, value]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** What answers wait for, by the policies in force. */
export interface AskedWaits {
  /** Whether any waits for the disk. */
  readonly isDurable: boolean;
  /** The most replicas that any waits for. */
  readonly replicas: number;
}

/** The risks of the settings, unknown ones included. */
export function judge(settings: StoreSettings, { isDurable, replicas }: AskedWaits): Finding[] {
  const whys: Record<Setting, string | undefined> = {
    version: versionRisk(settings.version, isDurable),
    appendonly:
      settings.appendonly === 'no'
        ? 'nothing is kept on disk: when Redis ends, everything is lost'
        : undefined,
    appendfsync: settings.appendonly === 'no' ? undefined : fsyncRisk(settings),
    eviction: evictionRisk(settings),
    memory:
      settings.maxmemory === 0
        ? 'it has no bound (maxmemory 0): the machine may kill Redis, where a full one would only reject writes'
        : undefined,
    replicas: replicaRisk(settings, replicas),
  };
  const unknown = unknownSettings(settings);
  return SETTINGS.flatMap((setting): Finding[] => {
    const why = whys[setting];
    if (why !== undefined) return [{ setting, state: 'at_risk', why }];
    return unknown.has(setting) ? [{ setting, state: 'unknown', why: 'Redis does not say' }] : [];
  });
}

function unknownSettings(settings: StoreSettings): ReadonlySet<Setting> {
  const { version, appendonly, appendfsync, noAppendfsyncOnRewrite } = settings;
  const { maxmemory, maxmemoryPolicy, role, replicas } = settings;
  const parts: Record<Setting, readonly unknown[]> = {
    version: [version],
    appendonly: [appendonly],
    appendfsync: appendonly === 'no' ? [] : [appendfsync, noAppendfsyncOnRewrite],
    eviction: [maxmemoryPolicy],
    memory: [maxmemory],
    replicas: [role, replicas],
  };
  return new Set(SETTINGS.filter((setting) => parts[setting].includes(undefined)));
}

/** The first version with functions, and the first with WAITAOF. */
const LEAST_VERSION = [7, 0] as const;
const DURABLE_VERSION = [7, 2] as const;

function versionRisk(version: string | undefined, isDurable: boolean): string | undefined {
  if (version === undefined) return undefined;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isBefore = ([least, leastMinor]: readonly [number, number]) =>
    major < least || (major === least && minor < leastMinor);
  if (isBefore(LEAST_VERSION)) return `Redis ${version} has no functions: 7.0 or later is needed`;
  if (isDurable && isBefore(DURABLE_VERSION))
    return `Redis ${version} has no WAITAOF, so what is durable cannot be answered: 7.2 or later is needed`;
  return undefined;
}

function fsyncRisk({ appendfsync, noAppendfsyncOnRewrite }: StoreSettings): string | undefined {
  if (appendfsync === 'everysec')
    return 'if the machine dies, the last one to two seconds are lost (appendfsync everysec); see docs/reliability.md';
  if (appendfsync === 'no')
    return 'if the machine dies, whatever its system had not written yet is lost (appendfsync no): often 30 seconds';
  if (appendfsync === 'always' && noAppendfsyncOnRewrite === 'yes')
    return 'while the file is rewritten, nothing is forced to disk (no-appendfsync-on-rewrite yes)';
  return undefined;
}

function evictionRisk({ maxmemoryPolicy }: StoreSettings): string | undefined {
  if (maxmemoryPolicy === undefined || maxmemoryPolicy === 'noeviction') return undefined;
  return `a full Redis forgets quotas to make room (maxmemory-policy ${maxmemoryPolicy}): noeviction keeps them`;
}

function replicaRisk({ role, replicas }: StoreSettings, asked: number): string | undefined {
  if (role !== undefined && role !== 'master') return `this Redis is a ${role}, and takes no writes`;
  if (replicas !== undefined && replicas < asked)
    return `a policy waits for ${asked} replicas (wait_replicas), and ${replicas} are connected: it cannot be answered`;
  if (replicas === undefined || replicas === 0) return undefined;
  return `a failover to a replica loses what it had not received yet (${replicas} connected)`;
}
