import { join } from 'node:path';
import { z } from 'zod';

/** What the environment says, validated. */
export interface Config {
  /** HOST:PORT where gRPC is served. */
  readonly listen: string;
  readonly policiesFile: string;
  readonly redisUrl: string;
  readonly redisCallsUrl: string;
  /** Goes before every Redis key. */
  readonly keyPrefix: string;
  readonly partitions: number;
  readonly logLevel: string;
}

/** The environment cannot be used; every fault is listed, each with its variable. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  constructor(readonly faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

/** A value is never repeated in a fault: it may hold a password. */
function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, username, password } = new URL(text);
  const isRight = /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/[0-9]*)?$/.test(pathname);
  return isRight && isPercentEncoded(username + password);
}

/** A bare `%` in a password is a slip that would otherwise be met only when connecting. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const redisUrl = z
  .string()
  .refine(isRedisUrl, 'must be a URL such as redis://user:password@127.0.0.1:6379/0, or rediss:// for TLS');

const listenAddress = z
  .string()
  .refine(isListenAddress, 'must be HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051');

function isListenAddress(text: string): boolean {
  const port = /^(?:\[[0-9a-fA-F:]+\]|[^:[\]\s]+):([0-9]{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) <= 65_535;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const environment = z.object({
  QUOTA_LISTEN: listenAddress.default('127.0.0.1:50051'),
  QUOTA_POLICIES: z.string().default(join(__dirname, 'policies.yaml')),
  REDIS_URL: redisUrl.default('redis://127.0.0.1:6379/0'),
  REDIS_CALLS_URL: redisUrl.optional(),
  QUOTA_KEY_PREFIX: z
    .string()
    .regex(/^[\w.:-]{0,64}$/, 'must be letters, digits and . _ : - only, 64 at most')
    .default(''),
  QUOTA_PARTITIONS: z
    .string()
    .regex(/^[1-9][0-9]*$/, 'must be a whole number, 1 or more')
    .transform(Number)
    .refine((count) => count <= 1024, 'must be 1024 or less')
    .default(1),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});

/** Reads the configuration; an empty variable counts as unset. Throws `ConfigInvalid` with every fault. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const { data, error } = environment.safeParse(set);
  if (error) throw new ConfigInvalid(error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  return {
    listen: data.QUOTA_LISTEN,
    policiesFile: data.QUOTA_POLICIES,
    redisUrl: data.REDIS_URL,
    redisCallsUrl: data.REDIS_CALLS_URL ?? callsUrl(data.REDIS_URL),
    keyPrefix: data.QUOTA_KEY_PREFIX,
    partitions: data.QUOTA_PARTITIONS,
    logLevel: data.LOG_LEVEL,
  };
}

/** The same server, database 1. */
function callsUrl(admissionsUrl: string): string {
  const url = new URL(admissionsUrl);
  url.pathname = '/1';
  return url.href;
}
