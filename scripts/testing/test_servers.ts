import {
  CHROMIUM,
  DATABASE,
  ensureServers,
  HAPROXY,
  installIfPossible,
  PROMETHEUS,
  programFor,
  REDIS_CLI,
  REDIS_SERVER,
} from '../install/install';
import type { Supervisor } from '../processes/supervisor';
import { startMysql } from '../servers/mysql';
import { startRedis } from '../servers/redis';
import { config } from '../settings/config';
import { testFolder } from '../settings/paths';

/** Apart from those of `npm start`, which may be running. */
const FIRST_REDIS_PORT = 26_379;
const FIRST_MYSQL_PORT = 23_306;

/** Installs and starts what the tests need. Returns the environment variables that name it. */
export async function startTestServers(supervisor: Supervisor): Promise<Record<string, string>> {
  const servers = config.testMysqlUrl ? [] : [DATABASE];
  await supervisor.finish(() => ensureServers(servers, programs()));
  // The tests of the alerts, and those of the proxy, are skipped without them.
  await supervisor.finish(() => installIfPossible([PROMETHEUS]));
  await supervisor.finish(() => installIfPossible([HAPROXY]));
  const place = { supervisor, folder: testFolder };
  const [redisUrl, mysqlUrl] = await Promise.all([
    config.testRedisUrl ?? startRedis({ ...place, firstPort: FIRST_REDIS_PORT }).then(({ url }) => url),
    config.testMysqlUrl ??
      startMysql({ ...place, firstPort: FIRST_MYSQL_PORT, mayCreateDatabases: true }).then(({ url }) => url),
  ]);
  return {
    TEST_REDIS_URL: redisUrl,
    TEST_MYSQL_URL: mysqlUrl,
    CHROMIUM_PATH: config.chromiumPath ?? programFor(CHROMIUM),
    REDIS_SERVER_PATH: config.redisServerPath ?? programFor(REDIS_SERVER),
    REDIS_CLI_PATH: config.redisCliPath ?? programFor(REDIS_CLI),
  };
}

/** What tests start themselves, which no container can stand in for. */
function programs() {
  return [
    config.redisServerPath ? [] : [REDIS_SERVER],
    config.redisCliPath ? [] : [REDIS_CLI],
    config.chromiumPath ? [] : [CHROMIUM],
  ].flat();
}
