import { delimiter } from 'node:path';
import { root } from './services/places';

const { env } = process;

/** The environment as the scripts read it; nothing else of them does. An empty variable is an unset one. */
export const config = {
  redisUrl: env.REDIS_URL || undefined,
  mysqlUrl: env.MYSQL_URL || undefined,
  quotaListen: env.QUOTA_LISTEN || '127.0.0.1:50051',
  quotaHttpListen: env.QUOTA_HTTP_LISTEN || '127.0.0.1:9464',
  quotaTarget: env.QUOTA_TARGET || undefined,
  webListen: env.WEB_LISTEN || '127.0.0.1:3000',
  sessionSecret: env.SESSION_SECRET || undefined,
  testRedisUrl: env.TEST_REDIS_URL || undefined,
  testMysqlUrl: env.TEST_MYSQL_URL || undefined,
  chromiumPath: env.CHROMIUM_PATH || undefined,
  redisServerPath: env.REDIS_SERVER_PATH || undefined,
  redisCliPath: env.REDIS_CLI_PATH || undefined,
  programFolders: (env.PATH ?? '').split(delimiter).filter(Boolean),
  isColourless: Boolean(env.NO_COLOR),
  // npm runs a script in the project's folder, and tells here where its caller stands.
  callerFolder: process.cwd() === root ? (env.INIT_CWD ?? root) : process.cwd(),
};

/** Names that would point a test at the servers of something that is in use. */
const REAL_SETTINGS = /^(REDIS_|MYSQL_|QUOTA_|WEB_LISTEN$|SESSION_SECRET$)/;

/** Our own environment with some variables added, for a program that we start. */
export function environmentWith(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...env, ...added };
}

/** The same for the tests, which must not find the servers that the environment names. */
export function testEnvironmentWith(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !REAL_SETTINGS.test(name));
  return { ...Object.fromEntries(kept), ...added };
}
