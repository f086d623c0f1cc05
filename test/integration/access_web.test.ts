import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { newToken } from '../../daemon/access/tokens';
import { createSiteClient } from '../../web/quota/client';
import { openQuotaCredentials } from '../../web/quota/credentials';
import { accessFile, createFolder, failuresDuring, noticed } from '../helpers/access';
import { type Authority, createAuthority, issueForDaemon } from '../helpers/certificates';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { createTestDatabase, type TestDatabase } from '../helpers/mysql';
import { closedAfterEach } from '../helpers/opened';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';
import { startWeb, type TestWeb } from '../helpers/web';

const opened = closedAfterEach();
const token = newToken();
const folder = createFolder();
let authority: Authority;
let space: RedisSpace;
let database: TestDatabase;
let daemon: TestDaemon;
/** The settings of the web tier, for a daemon that requires a certificate and a token. */
let security: Record<string, string>;

const identities = (...tokens: string[]) => accessFile([{ name: 'web', role: 'site', tokens }]);

beforeAll(async () => {
  space = openRedisSpace();
  database = await createTestDatabase();
  authority = await createAuthority('ours');
  const ofDaemon = await issueForDaemon(authority);
  const ofWeb = await authority.issue({ commonName: 'web' });
  const ca = folder.write('ca.pem', authority.certificate);
  daemon = await startDaemon({
    redisUrl: space.url,
    prefix: space.prefix,
    env: {
      QUOTA_TLS_CERT: folder.write('daemon.pem', ofDaemon.certificate),
      QUOTA_TLS_KEY: folder.write('daemon.key', ofDaemon.key),
      QUOTA_TLS_CLIENT_CA: ca,
      QUOTA_ACCESS: folder.write('access.yaml', identities(token)),
    },
    credentials: { channel: credentials.createSsl(authority.certificate), token },
  });
  security = {
    QUOTA_TLS_CA: ca,
    QUOTA_TLS_CLIENT_CERT: folder.write('web.pem', ofWeb.certificate),
    QUOTA_TLS_CLIENT_KEY: folder.write('web.key', ofWeb.key),
    QUOTA_TOKEN_FILE: folder.write('token', `${token}\n`),
  };
});
afterAll(async () => {
  await daemon.stop();
  await space.close();
  await database.drop();
  folder.remove();
});

async function startTier(env: Record<string, string>): Promise<TestWeb> {
  const web = await startWeb({ mysqlUrl: database.url, quotaTarget: daemon.target, env });
  return opened.closed(web, () => web.stop());
}

/** What the web tier logged of requests that failed, but not of those to which a busy machine had no answer in time. */
const complaints = ({ log }: TestWeb) =>
  log.filter(
    ({ msg, grpcStatus }) => /^the quota daemon (did|rej)/.test(msg) && grpcStatus !== 'DEADLINE_EXCEEDED',
  );

/** Asks until the web tier has logged why the daemon does not answer it. */
function complained(web: TestWeb, path: string): Promise<void> {
  return until('the line in the log', async () => {
    await fetch(`${web.url}${path}`);
    return complaints(web).length > 0;
  });
}

const metricsOf = async ({ metricsUrl }: TestWeb) => (await fetch(metricsUrl)).text();

describe('the web tier and a daemon that asks who calls', () => {
  test('shows the daemon’s figures on the home page, with its certificate and its token', async () => {
    const web = await startTier(security);
    const { status } = await fetch(`${web.url}/`);

    expect([status, complaints(web)]).toEqual([200, []]);
    expect(JSON.stringify(web.log)).not.toContain(token);
  });

  test.each([
    ['no token', { QUOTA_TOKEN_FILE: '' }, 16],
    [
      'nothing at all',
      { QUOTA_TOKEN_FILE: '', QUOTA_TLS_CA: '', QUOTA_TLS_CLIENT_CERT: '', QUOTA_TLS_CLIENT_KEY: '' },
      14,
    ],
  ])('shows no figures with %s, and logs why', async (_, less, grpcCode) => {
    const web = await startTier({ ...security, ...less });
    await complained(web, '/');

    expect(complaints(web)[0]).toMatchObject({ grpcCode });
  });

  test('is ready with its token, as a login would go', async () => {
    const web = await startTier(security);

    await until('ready', async () => (await fetch(`${web.url}/readyz`)).status === 200);
    expect(await metricsOf(web)).toMatch(/^web_quota_requests_total\{method="GetQuota",code="OK"\} [1-9]/m);
  });

  test('is not ready with a token that the daemon does not know, logged as it was answered and counted', async () => {
    const wrong = folder.write('wrong', `${newToken()}\n`);
    const web = await startTier({ ...security, QUOTA_TOKEN_FILE: wrong });

    expect((await fetch(`${web.url}/readyz`)).status).toBe(503);
    await complained(web, '/readyz');
    expect(complaints(web)[0]).toMatchObject({ level: 50, grpcStatus: 'UNAUTHENTICATED' });
    expect(await metricsOf(web)).toMatch(
      /^web_quota_requests_total\{method="GetQuota",code="UNAUTHENTICATED"\} [1-9]/m,
    );
  });

  test('files that cannot be used, a refusal to start with every fault and no secret', async () => {
    const started = startTier({
      ...security,
      QUOTA_TLS_CLIENT_KEY: folder.write('other.key', 'not a key'),
      QUOTA_TOKEN_FILE: folder.write('other', 'two words\n'),
    });

    await expect(started).rejects.toThrow(
      /cannot be used:\n.*other\.key holds no private key.*\n.*other holds no token in its first line/,
    );
    await expect(started).rejects.not.toThrow('two words');
  });
});

describe('the web tier’s client, under load', () => {
  test('its token and the daemon’s list replaced, no call fails', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'trace' }, { write: (line) => lines.push(line) });
    const made = opened.closed(
      openQuotaCredentials(
        {
          tls: { authorityFile: String(security.QUOTA_TLS_CA), identity: undefined },
          tokenFile: security.QUOTA_TOKEN_FILE,
        },
        logger,
      ),
      ({ close }) => close(),
    );
    const client = opened.closed(
      createSiteClient({ target: daemon.target, credentials: made, logger }),
      ({ close }) => close(),
    );
    const next = newToken();
    const changeList = (...tokens: string[]) =>
      noticed(daemon, 'access changed', () => folder.write('access.yaml', identities(...tokens)));

    const failures = await failuresDuring(
      () => client.admit({ subject: randomUUID(), policy: 'connection' }),
      async () => {
        await changeList(token, next);
        folder.write('token', `${next}\n`);
        while (!lines.join().includes('token changed')) await pause(20);
        await changeList(next);
      },
    );

    // What a busy machine is late for is no failure of these.
    expect(failures.filter((failure) => !String(failure).includes('DEADLINE_EXCEEDED'))).toEqual([]);
    expect(lines.join()).not.toContain(next);
  });
});
