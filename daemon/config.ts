import { join } from 'node:path';
import { z } from 'zod';
import { ConfigInvalid } from '../environment/config_invalid';
import { DEFAULT_ADDRESSES } from '../environment/default_addresses';
import { type EnvironmentFault, readEnvironment, withPassword } from '../environment/files/settings';
import { parseAddress } from '../environment/listen';
import { parseRedisUrl, withDatabase } from '../environment/redis/address';
import { type RedisSecurity, redisFaults, toRedisSecurity } from '../environment/redis/settings';
import type { ConnectionAge } from './access/connection_age';
import { type ProxySettings, proxyPeers } from './access/proxies';
import { type AccessSettings, accessEnvironment, accessFaults, toAccessSettings } from './access/settings';
import { DEFAULT_LOG_BYTES, type LogBytes, SMALLEST_LOG_BYTES } from './redis/usage/retention';

/** What the environment says, validated. */
export interface Config {
  /** HOST:PORT of gRPC. */
  readonly listen: string;
  /** HOST:PORT of the metrics and the probes. */
  readonly httpListen: string;
  readonly policiesFile: string;
  /** The store is in this process alone: for development. The URLs of Redis mean nothing then. */
  readonly isInMemory: boolean;
  readonly redisUrl: string;
  readonly redisCallsUrl: string;
  /** Certificates for Redis, and the password of Sentinels. */
  readonly redisSecurity: RedisSecurity;
  /** Goes before every Redis key. */
  readonly keyPrefix: string;
  readonly partitions: number;
  /** Who may call, and how callers are distinguished. */
  readonly access: AccessSettings;
  /** How many connections of gRPC clients may be open. */
  readonly connections: { readonly total: number; readonly perAddress: number };
  /** How many calls one connection may have open. */
  readonly maxStreams: number;
  /** Peers to which other limits apply. */
  readonly proxies: ProxySettings;
  /** When a connection is ended, so that its client looks for a daemon again. */
  readonly connectionAge: ConnectionAge;
  /** How long, after the signal to stop, the port is still listened on while the health is NOT_SERVING. */
  readonly drainDelayMs: number;
  /** Processes that share the port. */
  readonly workers: number;
  /** How many bytes the logs in Redis may take. */
  readonly logBytes: LogBytes;
  /** Admissions of one turn of the event loop go to Redis together. */
  readonly isJoining: boolean;
  /** Requests beyond what can be answered in time are rejected. */
  readonly isShedding: boolean;
  /** Recent denials are repeated without Redis. */
  readonly isCachingDenials: boolean;
  readonly logLevel: string;
  /** Whether the daemon refuses to start if a setting of Redis puts its guarantees at risk, or is unknown. */
  readonly isStoreStrict: boolean;
  /** Whether recorded calls are answered only once they are on disk. */
  readonly areCallsDurable: boolean;
  /** The secret with which subjects are hashed in the log. */
  readonly logSecret: string | undefined;
  /** The file of administrative changes; undefined: only in the log. */
  readonly auditFile: string | undefined;
  /** The folder in which everything sent to the store is recorded, for `npm run audit`; undefined: not recorded. */
  readonly recordFolder: string | undefined;
}

/** Keeps everything in the process instead of Redis. */
const IN_MEMORY = 'memory:';

const aRedisUrl = 'must be a URL such as redis://user:password@127.0.0.1:6379/0, or rediss:// for TLS';
const aSentinelUrl =
  'must be a URL such as redis+sentinel://user:password@10.0.0.1:26379,10.0.0.2:26379/NAME/0, or rediss+sentinel:// for TLS';

const aClusterUrl =
  'must be a URL such as redis+cluster://user:password@10.0.0.1:6379,10.0.0.2:6379, or rediss+cluster:// for TLS; a Cluster has database 0 alone';

/** What is expected of a URL of that scheme. A value is never repeated in a fault: it may hold a password. */
function expectedUrl(value: unknown): string {
  const [, kind] = /^rediss?\+(sentinel|cluster):/.exec(String(value)) ?? [];
  if (kind === undefined) return aRedisUrl;
  return kind === 'sentinel' ? aSentinelUrl : aClusterUrl;
}

const isRedisUrl = (text: string) => parseRedisUrl(text) !== undefined;

const redisUrl = z.string().refine(isRedisUrl, { error: ({ input }) => expectedUrl(input) });
const storeUrl = z.string().refine((text) => text === IN_MEMORY || isRedisUrl(text), {
  error: ({ input }) => `${expectedUrl(input)}, or ${IN_MEMORY} without Redis`,
});

const listenAddress = z
  .string()
  .refine(
    (text) => parseAddress(text) !== undefined,
    'must be HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051',
  );

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A whole number, within these. */
function count({ from, to }: { from: number; to: number }) {
  const expected = `must be a whole number, ${from} to ${to}`;
  return z
    .string()
    .regex(/^[0-9]{1,12}$/, expected)
    .transform(Number)
    .refine((number) => number >= from && number <= to, expected);
}

const logBytes = count({ from: SMALLEST_LOG_BYTES, to: 100_000_000_000 });

const aFlag = z
  .enum(['0', '1'], 'must be 0 or 1')
  .default('0')
  .transform((value) => value === '1');

/** For incidents: a part that saves work can be switched off. */
const aSwitch = z
  .enum(['on', 'off'], 'must be on or off')
  .default('on')
  .transform((value) => value === 'on');

/** A week: timers count to 24 days. */
const LONGEST_AGE_MS = 604_800_000;

const environment = z.object({
  QUOTA_LISTEN: listenAddress.default(DEFAULT_ADDRESSES.quota),
  QUOTA_HTTP_LISTEN: listenAddress.default(DEFAULT_ADDRESSES.quotaHttp),
  QUOTA_POLICIES: z.string().default(join(__dirname, 'policies.yaml')),
  REDIS_URL: storeUrl.default('redis://127.0.0.1:6379/0'),
  REDIS_CALLS_URL: redisUrl.optional(),
  REDIS_PASSWORD: z.string().optional(),
  REDIS_SENTINEL_PASSWORD: z.string().optional(),
  REDIS_TLS_CA: z.string().optional(),
  REDIS_TLS_CERT: z.string().optional(),
  REDIS_TLS_KEY: z.string().optional(),
  QUOTA_KEY_PREFIX: z
    .string()
    .regex(/^[\w.:-]{0,64}$/, 'must be letters, digits and . _ : - only, 64 at most')
    .default(''),
  QUOTA_PARTITIONS: z
    .string()
    .regex(/^[1-9][0-9]*$/, 'must be a whole number, 1 or more')
    .transform(Number)
    .refine((count) => count <= 1024, 'must be 1024 or less')
    .optional(),
  ...accessEnvironment,
  QUOTA_MAX_CONNECTIONS: count({ from: 1, to: 100_000 }).default(1000),
  QUOTA_MAX_CONNECTIONS_PER_ADDRESS: count({ from: 1, to: 100_000 }).default(100),
  QUOTA_MAX_STREAMS: count({ from: 1, to: 10_000 }).default(256),
  QUOTA_MAX_CONNECTION_AGE_MS: count({ from: 0, to: LONGEST_AGE_MS }).default(3_600_000),
  QUOTA_MAX_CONNECTION_AGE_GRACE_MS: count({ from: 0, to: LONGEST_AGE_MS }).default(0),
  QUOTA_PROXIES: proxyPeers.optional(),
  QUOTA_PROXY_MAX_CONNECTIONS: count({ from: 1, to: 100_000 }).default(500),
  QUOTA_PROXY_MAX_STREAMS: count({ from: 1, to: 10_000 }).default(1000),
  QUOTA_DRAIN_DELAY_MS: count({ from: 0, to: 600_000 }).default(0),
  QUOTA_WORKERS: count({ from: 1, to: 64 }).default(1),
  QUOTA_CONNECTION_LOG_BYTES: logBytes.default(DEFAULT_LOG_BYTES.connections),
  QUOTA_LOG_BYTES: logBytes.default(DEFAULT_LOG_BYTES.others),
  QUOTA_JOINING: aSwitch,
  QUOTA_SHEDDING: aSwitch,
  QUOTA_DENIAL_CACHE: aSwitch,
  QUOTA_STRICT_STORE: aFlag,
  QUOTA_DURABLE_CALLS: aFlag,
  QUOTA_LOG_SECRET: z.string().min(16, 'must be 16 characters or more').optional(),
  QUOTA_AUDIT_FILE: z.string().optional(),
  QUOTA_RECORD_FOLDER: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});

/** The names of the settings of the daemon. */
export const DAEMON_SETTINGS: readonly string[] = Object.keys(environment.shape);

/**
 * Reads the configuration; each variable may come as NAME_FILE, an empty one counts as unset. Throws `ConfigInvalid`
 * with every fault.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { values, faults } = readEnvironment(env, DAEMON_SETTINGS);
  const { data, error } = environment.safeParse(values);
  const all = [
    ...faults.map(told),
    ...(error?.issues.map(inWords) ?? []),
    ...redisFaults(rightOnes(values, error)),
    ...memoryFaults(values),
    ...clusterFaults(values),
    ...accessFaults(rightOnes(values, error)),
  ];
  if (error || all.length > 0) throw new ConfigInvalid(all);
  const isInMemory = data.REDIS_URL === IN_MEMORY;
  const redisUrl = isInMemory ? IN_MEMORY : withPassword(data.REDIS_URL, data.REDIS_PASSWORD);
  return {
    listen: data.QUOTA_LISTEN,
    httpListen: data.QUOTA_HTTP_LISTEN,
    policiesFile: data.QUOTA_POLICIES,
    isInMemory,
    redisUrl,
    redisCallsUrl: data.REDIS_CALLS_URL
      ? withPassword(data.REDIS_CALLS_URL, data.REDIS_PASSWORD)
      : withDatabase(redisUrl, 1),
    redisSecurity: toRedisSecurity(data),
    keyPrefix: data.QUOTA_KEY_PREFIX,
    partitions: data.QUOTA_PARTITIONS ?? (isClusterUrl(redisUrl) ? CLUSTER_PARTITIONS : 1),
    access: toAccessSettings(data),
    connections: { total: data.QUOTA_MAX_CONNECTIONS, perAddress: data.QUOTA_MAX_CONNECTIONS_PER_ADDRESS },
    maxStreams: data.QUOTA_MAX_STREAMS,
    proxies: {
      peers: data.QUOTA_PROXIES ?? [],
      maxConnections: data.QUOTA_PROXY_MAX_CONNECTIONS,
      maxStreams: data.QUOTA_PROXY_MAX_STREAMS,
    },
    connectionAge: {
      maxMs: data.QUOTA_MAX_CONNECTION_AGE_MS,
      graceMs: data.QUOTA_MAX_CONNECTION_AGE_GRACE_MS,
    },
    drainDelayMs: data.QUOTA_DRAIN_DELAY_MS,
    workers: data.QUOTA_WORKERS,
    logBytes: { connections: data.QUOTA_CONNECTION_LOG_BYTES, others: data.QUOTA_LOG_BYTES },
    isJoining: data.QUOTA_JOINING,
    isShedding: data.QUOTA_SHEDDING,
    isCachingDenials: data.QUOTA_DENIAL_CACHE,
    isStoreStrict: data.QUOTA_STRICT_STORE,
    areCallsDurable: data.QUOTA_DURABLE_CALLS,
    logLevel: data.LOG_LEVEL,
    logSecret: data.QUOTA_LOG_SECRET,
    auditFile: data.QUOTA_AUDIT_FILE,
    recordFolder: data.QUOTA_RECORD_FOLDER,
  };
}

/** The values that are valid by themselves: faults between them are reported beside the faults of others. */
function rightOnes(
  values: Readonly<Record<string, string>>,
  error: z.ZodError | undefined,
): Record<string, string> {
  const wrong = new Set(error?.issues.map(({ path }) => path[0]));
  return Object.fromEntries(Object.entries(values).filter(([variable]) => !wrong.has(variable)));
}

const told = ({ variable, problem }: EnvironmentFault) => `${variable} ${problem}`;

const inWords = ({ path, message }: z.core.$ZodIssue) => `${path.join('.')} ${message}`;

/**
 * Partitions of a Cluster unless the environment says otherwise. It divides by many numbers of masters, so that each of them
 * holds as many.
 */
export const CLUSTER_PARTITIONS = 300;

function isClusterUrl(url: string | undefined): boolean {
  return url !== undefined && parseRedisUrl(url)?.kind === 'cluster';
}

/** WAITAOF concerns one server. */
function clusterFaults({
  REDIS_URL,
  REDIS_CALLS_URL = REDIS_URL,
  ...values
}: Readonly<Record<string, string>>) {
  return values.QUOTA_DURABLE_CALLS === '1' && isClusterUrl(REDIS_CALLS_URL)
    ? ['QUOTA_DURABLE_CALLS must be 0, as the calls are in a Cluster, where no answer waits for the disk']
    : [];
}

/** One process is the whole world of a store in memory, and it has no second database. */
function memoryFaults({ REDIS_URL, ...values }: Readonly<Record<string, string>>): string[] {
  if (REDIS_URL !== IN_MEMORY) return [];
  const { QUOTA_WORKERS = '1', QUOTA_STRICT_STORE, REDIS_CALLS_URL, REDIS_PASSWORD } = values;
  return [
    Number(QUOTA_WORKERS) > 1 &&
      'QUOTA_WORKERS must be 1, as REDIS_URL is memory: and processes share nothing',
    QUOTA_STRICT_STORE === '1' &&
      'QUOTA_STRICT_STORE must be 0, as REDIS_URL is memory: and nothing in it survives the process',
    REDIS_CALLS_URL !== undefined && 'REDIS_CALLS_URL must be unset, as REDIS_URL is memory:',
    REDIS_PASSWORD !== undefined && 'REDIS_PASSWORD must be unset, as REDIS_URL is memory:',
  ].filter((fault) => fault !== false);
}
