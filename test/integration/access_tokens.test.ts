import { randomUUID } from 'node:crypto';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newToken } from '../../daemon/access/tokens';
import { QuotaAdminServiceService } from '../../gen/quota/v1/quota_admin_service';
import { QuotaServiceService } from '../../gen/quota/v1/quota_service';
import { accessFile, callEmpty, createFolder, failuresDuring, noticed } from '../helpers/access';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { watchHealth } from '../helpers/health';
import { createQuotaClient, failureOf } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

const TOKENS = { web: newToken(), shop: newToken(), alice: newToken(), stranger: newToken() };
const IDENTITIES = [
  { name: 'web', role: 'caller', tokens: [TOKENS.web] },
  { name: 'alice', role: 'operator', tokens: [TOKENS.alice] },
  { name: 'shop', role: 'site', tokens: [TOKENS.shop] },
] as const;

/** What a site may do of what operators do. */
const OF_A_SITE = ['GetQuota', 'ResetQuota', 'ListBlocked', 'RaiseLimit', 'EraseSubject'].map(
  (method) => `/quota.v1.QuotaAdminService/${method}`,
);

const LIST_POLICIES = '/quota.v1.QuotaAdminService/ListPolicies';
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

const UNAUTHENTICATED = {
  code: status.UNAUTHENTICATED,
  message: 'a valid token or client certificate is needed',
  reason: 'UNAUTHENTICATED',
};
const PERMISSION_DENIED = {
  code: status.PERMISSION_DENIED,
  message: 'the role of this identity does not reach this method',
  reason: 'PERMISSION_DENIED',
};

const folder = createFolder();
let space: RedisSpace;
let daemon: TestDaemon;
let output = '';

beforeAll(async () => {
  space = openRedisSpace();
  daemon = await startDaemon({
    redisUrl: space.url,
    prefix: space.prefix,
    env: {
      QUOTA_ACCESS: folder.write('access.yaml', accessFile(IDENTITIES)),
      LOG_LEVEL: 'trace',
      QUOTA_MAX_CONNECTIONS_PER_ADDRESS: '100000',
      QUOTA_MAX_CONNECTIONS: '100000',
    },
    credentials: { token: TOKENS.web },
  });
  for (const stream of [daemon.process.stdout, daemon.process.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
});
afterAll(async () => {
  await daemon.stop();
  await space.close();
  folder.remove();
});

function admitWith(token: string | undefined): Promise<unknown> {
  const client = createQuotaClient(daemon.target, token === undefined ? {} : { token });
  return client.admit({ subject: randomUUID(), policy: 'connection' }).finally(() => client.close());
}

describe('the service, asked', () => {
  test.each([
    ['no token', undefined],
    ['a token that nobody has', TOKENS.stranger],
    ['an empty token', ''],
    ['a digest in place of its token', 'a'.repeat(64)],
  ])('a call with %s is rejected in the same words', async (_, token) => {
    expect(await failureOf(admitWith(token))).toMatchObject(UNAUTHENTICATED);
  });

  test('is answered with the token of a caller', async () => {
    expect(await admitWith(TOKENS.web)).toMatchObject({ degraded: false });
  });

  test('is answered with the token of an operator', async () => {
    expect(await admitWith(TOKENS.alice)).toMatchObject({ degraded: false });
  });
});

/** Every method of a service, by its path. */
const pathsOf = (service: Record<string, { path: string }>) => Object.values(service).map(({ path }) => path);

describe('every method of both services, asked', () => {
  test.each([...pathsOf(QuotaServiceService), ...pathsOf(QuotaAdminServiceService)])(
    '%s is rejected without a token',
    async (path) => {
      expect(await failureOf(callEmpty(daemon.target, { path }))).toMatchObject(UNAUTHENTICATED);
    },
  );

  test.each(pathsOf(QuotaAdminServiceService))('%s is rejected with the token of a caller', async (path) => {
    const call = callEmpty(daemon.target, { path, token: TOKENS.web });

    expect(await failureOf(call)).toMatchObject(PERMISSION_DENIED);
  });

  test.each(pathsOf(QuotaAdminServiceService).filter((path) => !OF_A_SITE.includes(path)))(
    '%s is rejected with the token of a site',
    async (path) => {
      const call = callEmpty(daemon.target, { path, token: TOKENS.shop });

      expect(await failureOf(call)).toMatchObject(PERMISSION_DENIED);
    },
  );

  test.each([
    ...[...pathsOf(QuotaServiceService), ...OF_A_SITE].map((path) => [path, TOKENS.shop] as const),
    ...pathsOf(QuotaServiceService).map((path) => [path, TOKENS.web] as const),
    ...pathsOf(QuotaAdminServiceService)
      .filter((path) => !path.endsWith('/WatchDecisions'))
      .map((path) => [path, TOKENS.alice] as const),
  ])('%s is let in with the token of the role that it needs', async (path, token) => {
    const code = await callEmpty(daemon.target, { path, token }).then(
      () => status.OK,
      (error: ServiceError) => error.code,
    );

    // An empty request is often a bad one; but then the handler has said so.
    expect([status.OK, status.INVALID_ARGUMENT]).toContain(code);
  });
});

describe('what only operators may do, asked', () => {
  test('is answered with the token of an operator', async () => {
    const answer = await callEmpty(daemon.target, { path: LIST_POLICIES, token: TOKENS.alice });

    expect(answer.toString('latin1')).toContain('connection');
  });
});

describe('what else is served', () => {
  test('the health is open to everyone', async () => {
    const health = watchHealth(daemon.target);

    await health.reached('SERVING').finally(() => health.close());
  });

  test('reflection is rejected without a role', async () => {
    expect(await failureOf(callEmpty(daemon.target, { path: REFLECTION }))).toMatchObject(UNAUTHENTICATED);
  });

  test('reflection is answered to a caller', async () => {
    await callEmpty(daemon.target, { path: REFLECTION, token: TOKENS.web });
  });

  test('an unknown method is rejected', async () => {
    const call = callEmpty(daemon.target, { path: '/quota.v1.Else/Do', token: TOKENS.alice });

    expect(await failureOf(call)).toMatchObject({ code: status.UNIMPLEMENTED });
  });
});

describe('the access file, changed', () => {
  test('a token replaced under load, no call fails, and the old one is of no use', async () => {
    const next = newToken();
    let current = TOKENS.web;
    const withTokens = (...tokens: string[]) =>
      accessFile([{ name: 'web', role: 'caller', tokens }, IDENTITIES[1]]);
    const change = (text: string) =>
      noticed(daemon, 'access changed', () => folder.write('access.yaml', text));

    const shownTheOld = new Set<Promise<unknown>>();
    const ask = () => {
      const asked = admitWith(current);
      if (current !== next) shownTheOld.add(asked);
      return asked;
    };

    const failures = await failuresDuring(ask, async () => {
      await change(withTokens(TOKENS.web, next));
      current = next;
      await admitWith(next);
      // However long a busy machine takes to answer those who showed the old token.
      await Promise.allSettled(shownTheOld);
      await change(withTokens(next));
    });

    expect(failures).toEqual([]);
    expect(await failureOf(admitWith(TOKENS.web))).toMatchObject(UNAUTHENTICATED);
    await change(accessFile(IDENTITIES));
  });

  test('a file broken on purpose: the old one stays and every fault is logged with its line', async () => {
    const broken = `identities:\n  - name: web\n    role: boss\n    token_sha256: ${TOKENS.web}\n`;
    await noticed(daemon, 'access kept', () => folder.write('access.yaml', broken));

    expect(daemon.log.findLast(({ msg }) => msg.startsWith('access kept'))?.faults).toEqual([
      expect.stringMatching(
        /access\.yaml:3: identities\[0\]\.role: must be caller, site or operator; it is "boss"$/,
      ),
      expect.stringMatching(/access\.yaml:4: identities\[0\]\.token_sha256\[0\]: must be the SHA-256 of /),
    ]);
    expect(await admitWith(TOKENS.web)).toMatchObject({ degraded: false });
    await noticed(daemon, 'access changed', () =>
      folder.write('access.yaml', `${accessFile(IDENTITIES)}# mended\n`),
    );
  });

  test('a stream whose caller is struck out ends', async () => {
    const watch = callEmpty(daemon.target, {
      path: '/quota.v1.QuotaAdminService/WatchDecisions',
      token: TOKENS.alice,
    });
    const refused = failureOf(watch);
    await noticed(daemon, 'access changed', () => folder.write('access.yaml', accessFile([IDENTITIES[0]])));

    expect(await refused).toMatchObject(UNAUTHENTICATED);
    await noticed(daemon, 'access changed', () => folder.write('access.yaml', accessFile(IDENTITIES)));
  });
});

describe('the log', () => {
  test('the log holds no token and no digest of one after all that', async () => {
    await failureOf(admitWith(TOKENS.stranger));

    expect(output).toContain('request rejected');
    for (const secret of Object.values(TOKENS)) expect(output).not.toContain(secret);
    expect(output).not.toMatch(/quota_|[0-9a-f]{64}|Bearer/);
  });
});
