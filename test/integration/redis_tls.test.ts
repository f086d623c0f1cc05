import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAuthority } from '../helpers/certificates';
import { startCluster } from '../helpers/cluster';
import type { TestDaemon } from '../helpers/daemon';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import type { LogLine } from '../helpers/processes';
import { startOwnRedis } from '../helpers/redis';
import { createTls, type TestTls } from '../helpers/redis_security';
import { SENTINEL_PASSWORD, startSentinels } from '../helpers/sentinel';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const POLICIES = `
services: [vente]
policies:
  connection: { limits: [{ name: n, algorithm: sliding-window, limit: 3, window: 10m }] }
`;

let tls: TestTls;
beforeAll(async () => {
  tls = await createTls();
});
afterAll(() => tls.folder.remove());

/** A store that speaks TLS alone, and asks its clients for a certificate. */
const STORES = {
  'one server': async () => {
    const server = await startOwnRedis({ security: tls });
    return opened.closed(server, (each) => each.close()).url;
  },
  Sentinels: async () => {
    const sentinels = await startSentinels({ security: tls });
    return opened.closed(sentinels, (each) => each.close()).url;
  },
  'a Cluster': async () => {
    const cluster = await startCluster({ replicas: 0, security: tls });
    return opened.closed(cluster, (each) => each.close()).url;
  },
};

function startDaemon(redisUrl: string, env: Record<string, string>): Promise<TestDaemon> {
  // The prefix makes the client ask again if the store did not answer.
  const options = { redisUrl, prefix: 'tls:', policies: POLICIES };
  const REDIS_SENTINEL_PASSWORD_FILE = tls.folder.write('sentinel_password', `${SENTINEL_PASSWORD}\n`);
  const sentinel = redisUrl.includes('+sentinel:') && { REDIS_SENTINEL_PASSWORD_FILE };
  return opened.daemon({ ...options, env: { ...sentinel, ...env } });
}

/** Resolves once the daemon has logged why it cannot reach its store; some tries fail before Redis has sent its reason. */
async function logged(daemon: TestDaemon, reason: RegExp): Promise<void> {
  const isReason = ({ msg, ...line }: LogLine) =>
    msg === 'redis cannot be reached' && reason.test(String(line.reason));
  await until(`the reason ${reason}`, () => daemon.log.some(isReason));
}

describe.each(Object.entries(STORES))('%s with TLS', (_, startStore) => {
  test('decides and records for a daemon that knows its authority and has a certificate', async () => {
    const daemon = await startDaemon(await startStore(), tls.env);
    const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
    await health.reached('SERVING');

    const subjects = Array.from({ length: 12 }, (_, at) => `user-${at}`);
    const answers = await Promise.all(
      subjects.map((subject) => daemon.client.admit({ subject, policy: 'connection' })),
    );
    expect(answers.map(({ decision }) => decision)).toEqual(subjects.map(() => Decision.ADMITTED));
    expect(await daemon.client.recordCall({ subject: 'user-0', service: 'vente' })).toBe(true);
  });

  test('is not believed by a daemon that knows another authority, whose log says why', async () => {
    const other = await createAuthority('another');
    const REDIS_TLS_CA = tls.folder.write('other.pem', other.certificate);
    const daemon = await startDaemon(await startStore(), { ...tls.env, REDIS_TLS_CA });

    await logged(daemon, /certificate/);
    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(503);
  });

  test('rejects a daemon without a certificate, whose log says why', async () => {
    const { REDIS_TLS_CA } = tls.env;
    const daemon = await startDaemon(await startStore(), { REDIS_TLS_CA });

    await logged(daemon, /certificate required/);
    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(503);
  });
});
