import { delimiter } from 'node:path';
import { DEFAULT_ADDRESSES } from '../../environment/default_addresses';
import { mysqlAuthorityFault, withMysqlAuthority } from '../../environment/files/mysql_tls';
import { readEnvironment, withPassword } from '../../environment/files/settings';
import { toRedisSecurity } from '../../environment/redis/settings';
import { toSecurity } from '../../web/quota/security';
import { root } from './paths';

const { env } = process;

/** What may come as NAME_FILE too. */
const WITH_FILES = [
  'REDIS_URL',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
  'MYSQL_URL',
  'MYSQL_PASSWORD',
  'SESSION_SECRET',
];

const { values, faults } = readEnvironment(env, WITH_FILES);
if (faults.length > 0) {
  for (const { variable, problem } of faults) process.stderr.write(`${variable} ${problem}\n`);
  process.exit(1);
}

const unusableAuthority = mysqlAuthorityFault(values.MYSQL_TLS_CA);
if (unusableAuthority !== undefined) {
  process.stderr.write(`MYSQL_TLS_CA ${unusableAuthority}\n`);
  process.exit(1);
}

/** The environment as the scripts read it; nothing else of them does. An empty variable is an unset one. */
export const config = {
  keyPrefix: env.QUOTA_KEY_PREFIX || '',
  redisUrl: values.REDIS_URL && withPassword(values.REDIS_URL, values.REDIS_PASSWORD),
  redisSecurity: toRedisSecurity(values),
  mysqlUrl:
    values.MYSQL_URL &&
    withMysqlAuthority(withPassword(values.MYSQL_URL, values.MYSQL_PASSWORD), values.MYSQL_TLS_CA),
  quotaListen: env.QUOTA_LISTEN || DEFAULT_ADDRESSES.quota,
  quotaHttpListen: env.QUOTA_HTTP_LISTEN || DEFAULT_ADDRESSES.quotaHttp,
  quotaPolicies: env.QUOTA_POLICIES || undefined,
  quotaTarget: env.QUOTA_TARGET || undefined,
  quotaTls: toSecurity(values).tls,
  quotaAsksCallers: Boolean(env.QUOTA_ACCESS || env.QUOTA_TLS_CERT),
  webListen: env.WEB_LISTEN || DEFAULT_ADDRESSES.web,
  webMetricsListen: env.WEB_METRICS_LISTEN || DEFAULT_ADDRESSES.webMetrics,
  sessionSecret: values.SESSION_SECRET,
  testRedisUrl: env.TEST_REDIS_URL || undefined,
  testMysqlUrl: env.TEST_MYSQL_URL || undefined,
  chromiumPath: env.CHROMIUM_PATH || undefined,
  redisServerPath: env.REDIS_SERVER_PATH || undefined,
  redisCliPath: env.REDIS_CLI_PATH || undefined,
  programFolders: (env.PATH ?? '').split(delimiter).filter(Boolean),
  isColourless: Boolean(env.NO_COLOR),
  // npm runs a script in the project's folder, and names the caller's folder here.
  callerFolder: process.cwd() === root ? (env.INIT_CWD ?? root) : process.cwd(),
};

/** Names that would point a test at the servers of something that is in use. */
const REAL_SETTINGS = /^(REDIS_|MYSQL_|QUOTA_|WEB_LISTEN$|WEB_METRICS_LISTEN$|SESSION_SECRET(_FILE)?$)/;

/** Our own environment with some variables added, for a program that we start. */
export function environmentWith(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...env, ...added };
}

/** The same for the tests, which must not find the servers that the environment names. */
export function testEnvironmentWith(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !REAL_SETTINGS.test(name));
  return { ...Object.fromEntries(kept), ...added };
}
