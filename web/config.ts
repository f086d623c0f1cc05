import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { isValidCIDR } from 'ipaddr.js';
import { z } from 'zod';
import { ConfigInvalid } from '../environment/config_invalid';
import { DEFAULT_ADDRESSES } from '../environment/default_addresses';
import { mysqlAuthorityFault, withMysqlAuthority } from '../environment/files/mysql_tls';
import { hasPassword, readEnvironment, withPassword } from '../environment/files/settings';
import { type Address, parseAddress } from '../environment/listen';
import { type QuotaSecurity, securityEnvironment, securityFaults, toSecurity } from './quota/security';

const MIN_SECRET = 32;
const NAMED_PROXIES = new Set(['loopback', 'linklocal', 'uniquelocal']);

const mysqlUrl = z.string().refine(isMysqlUrl, 'is not of the form mysql://user:password@host:port/database');

const listen = z.string().transform((value, context) => {
  const address = parseAddress(value);
  if (address !== undefined) return address;
  context.addIssue('is not of the form host:port or [address]:port');
  return z.NEVER;
});

const quotaTarget = z
  .string()
  .refine(
    (target) => /^(?:dns|ipv4|ipv6|unix):\S+$/.test(target) || parseAddress(target) !== undefined,
    'is not of the form host:port',
  );

const trustProxy = z.string().transform((value, context) => {
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const proxies = value.split(',').map((proxy) => proxy.trim());
  // `true` would trust any address that a client writes, and so disable the login guard.
  if (proxies.every((proxy) => NAMED_PROXIES.has(proxy) || isIP(proxy) !== 0 || isValidCIDR(proxy)))
    return proxies;
  context.addIssue('is neither a number of proxies nor a list of their addresses, subnets or loopback');
  return z.NEVER;
});

const environment = z.object({
  MYSQL_URL: mysqlUrl.default('mysql://etuservices@127.0.0.1:3306/etuservices'),
  MYSQL_PASSWORD: z.string().optional(),
  MYSQL_TLS_CA: z.string().optional(),
  WEB_LISTEN: listen.prefault(DEFAULT_ADDRESSES.web),
  WEB_METRICS_LISTEN: listen.prefault(DEFAULT_ADDRESSES.webMetrics),
  QUOTA_TARGET: quotaTarget.default(DEFAULT_ADDRESSES.quota),
  ...securityEnvironment,
  SESSION_SECRET: z.string().min(MIN_SECRET, `has fewer than ${MIN_SECRET} characters`).optional(),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'is not one of trace, debug, info, warn, error, fatal, silent',
    })
    .default('info'),
  WEB_TRUST_PROXY: trustProxy.optional(),
  WEB_TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'is not a time zone such as Europe/Paris')
    .default('Europe/Paris'),
  WEB_SIGN_UP: z.enum(['on', 'off'], { error: 'is neither on nor off' }).optional(),
  NODE_ENV: z.string().optional(),
});

/** The names of the settings of the web tier. */
export const WEB_SETTINGS: readonly string[] = Object.keys(environment.shape);

export type Config = {
  mysqlUrl: string;
  listen: Address;
  /** Where operators read the metrics. */
  metricsListen: Address;
  quotaTarget: string;
  /** How to connect to the daemon, and with which credentials. */
  quotaSecurity: QuotaSecurity;
  sessionSecret: string;
  /** True if the secret was generated at this start, so that sessions end with the process. */
  sessionSecretIsTemporary: boolean;
  /** The IANA name of the zone in which pages show times. */
  timeZone: string;
  /** Whether visitors may create accounts. */
  offersSignUp: boolean;
  logLevel: string;
  /** Which proxies Express trusts in X-Forwarded-*: so many, or these. Undefined: none. */
  trustProxy: number | string[] | undefined;
};

/**
 * Reads the environment, or throws one ConfigInvalid that lists every fault. Each variable may come as NAME_FILE; an
 * empty one counts as unset.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const { values: filled, faults: unread } = readEnvironment(env, WEB_SETTINGS);
  const parsed = environment.safeParse(filled);
  const issues = parsed.error?.issues ?? [];
  const faults = [
    ...unread.map(({ variable, problem }) => `${variable}: ${problem}`),
    ...issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ...faultsBetween(filled),
    ...securityFaults(filled),
  ];
  if (!parsed.success || faults.length > 0) throw new ConfigInvalid(faults);

  const values = parsed.data;
  return {
    mysqlUrl: withMysqlAuthority(withPassword(values.MYSQL_URL, values.MYSQL_PASSWORD), values.MYSQL_TLS_CA),
    listen: values.WEB_LISTEN,
    metricsListen: values.WEB_METRICS_LISTEN,
    quotaTarget: values.QUOTA_TARGET,
    quotaSecurity: toSecurity(values),
    sessionSecret: values.SESSION_SECRET ?? randomBytes(MIN_SECRET).toString('hex'),
    sessionSecretIsTemporary: values.SESSION_SECRET === undefined,
    timeZone: values.WEB_TIME_ZONE,
    // In production, sign-up must be enabled explicitly.
    offersSignUp: (values.WEB_SIGN_UP ?? (values.NODE_ENV === 'production' ? 'off' : 'on')) === 'on',
    logLevel: values.LOG_LEVEL,
    trustProxy: values.WEB_TRUST_PROXY,
  };
}

/** Faults of several variables together. */
function faultsBetween(filled: Readonly<Record<string, string>>): string[] {
  const { NODE_ENV, SESSION_SECRET, SESSION_SECRET_FILE } = filled;
  const { MYSQL_URL = '', MYSQL_PASSWORD, MYSQL_TLS_CA } = filled;
  const faults: string[] = [];
  if (NODE_ENV === 'production' && SESSION_SECRET === undefined && SESSION_SECRET_FILE === undefined)
    faults.push('SESSION_SECRET: is required in production');
  if (MYSQL_PASSWORD !== undefined && hasPassword(MYSQL_URL))
    faults.push('MYSQL_PASSWORD: is set, and MYSQL_URL holds a password too');
  const unusable = mysqlAuthorityFault(MYSQL_TLS_CA);
  if (unusable !== undefined) faults.push(`MYSQL_TLS_CA: ${unusable}`);
  return faults;
}

function isMysqlUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, pathname } = new URL(value);
  return protocol === 'mysql:' && hostname !== '' && /^\/[^/]+$/.test(pathname);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
