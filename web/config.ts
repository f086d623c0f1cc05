import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { isValidCIDR } from 'ipaddr.js';
import { z } from 'zod';

const MIN_SECRET = 32;
const MAX_PORT = 65_535;
const NAMED_PROXIES = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** The environment cannot be used. The message names every variable at fault, and shows no value. */
export class ConfigError extends Error {
  readonly code = 'CONFIG';

  constructor(faults: readonly string[]) {
    super(['The configuration cannot be used:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
  }
}

const mysqlUrl = z.string().refine(isMysqlUrl, 'is not of the form mysql://user:password@host:port/database');

const listen = z.string().transform((value, context) => {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:\s]+)):(?<port>\d{1,5})$/.exec(value);
  const host = match?.groups?.v6 ?? match?.groups?.host;
  const port = Number(match?.groups?.port);
  const isBadV6 = match?.groups?.v6 !== undefined && isIP(match.groups.v6) !== 6;
  if (host === undefined || port > MAX_PORT || isBadV6) {
    context.addIssue('is not of the form host:port or [address]:port');
    return z.NEVER;
  }
  return { host, port };
});

const quotaTarget = z
  .string()
  .regex(
    /^(?:(?:dns|ipv4|ipv6|unix):\S+|[^\s:/]+:\d{1,5}|\[[^\]\s]+\]:\d{1,5})$/,
    'is not of the form host:port',
  );

const trustProxy = z.string().transform((value, context) => {
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const proxies = value.split(',').map((proxy) => proxy.trim());
  // `true` would believe any address a client writes, and so switch the login guard off.
  if (proxies.every((proxy) => NAMED_PROXIES.has(proxy) || isIP(proxy) !== 0 || isValidCIDR(proxy)))
    return proxies;
  context.addIssue('is neither a number of proxies nor a list of their addresses, subnets or loopback');
  return z.NEVER;
});

const environment = z.object({
  MYSQL_URL: mysqlUrl.default('mysql://etuservices@127.0.0.1:3306/etuservices'),
  WEB_LISTEN: listen.prefault('127.0.0.1:3000'),
  QUOTA_TARGET: quotaTarget.default('127.0.0.1:50051'),
  SESSION_SECRET: z.string().min(MIN_SECRET, `has fewer than ${MIN_SECRET} characters`).optional(),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'is not one of trace, debug, info, warn, error, fatal, silent',
    })
    .default('info'),
  WEB_TRUST_PROXY: trustProxy.optional(),
  NODE_ENV: z.string().optional(),
});

export type Config = {
  mysqlUrl: string;
  listen: { host: string; port: number };
  quotaTarget: string;
  sessionSecret: string;
  /** True where the secret was made at this start, so that sessions end with the process. */
  sessionSecretIsTemporary: boolean;
  logLevel: string;
  /** What Express is to believe of X-Forwarded-*: so many proxies, or these. Undefined: nothing. */
  trustProxy: number | string[] | undefined;
};

/** Reads the environment, or throws one ConfigError that lists every fault. An empty variable counts as unset. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const filled = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(filled);
  const faults = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (filled.NODE_ENV === 'production' && filled.SESSION_SECRET === undefined) {
    faults.push('SESSION_SECRET: is required in production');
  }
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);

  const values = parsed.data;
  return {
    mysqlUrl: values.MYSQL_URL,
    listen: values.WEB_LISTEN,
    quotaTarget: values.QUOTA_TARGET,
    sessionSecret: values.SESSION_SECRET ?? randomBytes(MIN_SECRET).toString('hex'),
    sessionSecretIsTemporary: values.SESSION_SECRET === undefined,
    logLevel: values.LOG_LEVEL,
    trustProxy: values.WEB_TRUST_PROXY,
  };
}

function isMysqlUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, pathname } = new URL(value);
  return protocol === 'mysql:' && hostname !== '' && /^\/[^/]+$/.test(pathname);
}
