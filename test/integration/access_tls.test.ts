import { randomUUID } from 'node:crypto';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newToken } from '../../daemon/access/tokens';
import { accessFile, callEmpty, createFolder, failuresDuring, noticed } from '../helpers/access';
import { type Authority, createAuthority, type Issued, issueForDaemon } from '../helpers/certificates';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { type ClientCredentials, createQuotaClient, failureOf } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

const LIST_POLICIES = '/quota.v1.QuotaAdminService/ListPolicies';
const HEALTH = '/grpc.health.v1.Health/Check';

const opened = closedAfterEach();
const token = newToken();
const folder = createFolder();
let space: RedisSpace;
let authority: Authority;
let stranger: Authority;
let ofDaemon: Issued;
let ofWeb: Issued;

beforeAll(async () => {
  space = openRedisSpace();
  [authority, stranger] = await Promise.all([createAuthority('ours'), createAuthority('theirs')]);
  ofDaemon = await issueForDaemon(authority);
  ofWeb = await authority.issue({ commonName: 'web', altNames: [{ type: 'dns', value: 'web.internal' }] });
});
afterAll(async () => {
  await space.close();
  folder.remove();
});

/** A daemon that serves TLS and asks for client certificates of our authority. */
function startTlsDaemon(env: Record<string, string> = {}): Promise<TestDaemon> {
  return opened.daemon({
    redisUrl: space.url,
    prefix: space.prefix,
    env: {
      // The tests connect anew for each call, as fast as they can.
      QUOTA_MAX_CONNECTIONS_PER_ADDRESS: '100000',
      QUOTA_TLS_CERT: folder.write('daemon.pem', ofDaemon.certificate),
      QUOTA_TLS_KEY: folder.write('daemon.key', ofDaemon.key),
      QUOTA_TLS_CLIENT_CA: folder.write('clients.pem', authority.certificate),
      ...env,
    },
  });
}

/** What a client shows and believes; it shows no certificate unless given. */
function channel(shown?: Issued, believed: Buffer = authority.certificate) {
  return credentials.createSsl(believed, shown?.key ?? null, shown?.certificate ?? null);
}

function admit({ target }: { target: string }, shown: ClientCredentials): Promise<unknown> {
  const client = createQuotaClient(target, shown);
  return client.admit({ subject: randomUUID(), policy: 'connection' }).finally(() => client.close());
}

const UNAVAILABLE = { code: status.UNAVAILABLE };

describe('a daemon that knows callers by their certificates alone', () => {
  test('the right certificate is answered as a caller and no more', async () => {
    const daemon = await startTlsDaemon();

    expect(await admit(daemon, { channel: channel(ofWeb) })).toMatchObject({ degraded: false });
    expect(
      await failureOf(callEmpty(daemon.target, { path: LIST_POLICIES, channel: channel(ofWeb) })),
    ).toMatchObject({ code: status.PERMISSION_DENIED });
  });

  test.each([
    ['no certificate', async () => channel()],
    ['an expired one', async () => channel(await authority.issue({ commonName: 'web', validForMs: -1_000 }))],
    ['one of the wrong authority', async () => channel(await stranger.issue({ commonName: 'web' }))],
  ])('%s is rejected before any call, of the health too', async (_, shown) => {
    const daemon = await startTlsDaemon();

    expect(await failureOf(admit(daemon, { channel: await shown() }))).toMatchObject(UNAVAILABLE);
    expect(await failureOf(callEmpty(daemon.target, { path: HEALTH, channel: await shown() }))).toMatchObject(
      UNAVAILABLE,
    );
    expect(daemon.log.map(({ msg }) => msg)).not.toContain('request rejected');
  });

  test('plaintext is rejected', async () => {
    const daemon = await startTlsDaemon();

    expect(await failureOf(admit(daemon, {}))).toMatchObject(UNAVAILABLE);
  });

  test('an access file admits only those it names, each in its role', async () => {
    const daemon = await startTlsDaemon({
      QUOTA_ACCESS: folder.write(
        'named.yaml',
        accessFile([
          { name: 'web', role: 'caller', certificate: 'DNS:web.internal' },
          { name: 'alice', role: 'operator', certificate: 'CN:alice' },
        ]),
      ),
    });
    const alice = await authority.issue({ commonName: 'alice' });
    const unnamed = await authority.issue({ commonName: 'web' });

    await admit(daemon, { channel: channel(ofWeb) });
    await callEmpty(daemon.target, { path: LIST_POLICIES, channel: channel(alice) });
    expect(await failureOf(admit(daemon, { channel: channel(unnamed) }))).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });
});

describe('a daemon with TLS and tokens, and no authority of clients', () => {
  test('a token over TLS is answered without a certificate', async () => {
    const access = accessFile([{ name: 'web', role: 'caller', tokens: [token] }]);
    const daemon = await startTlsDaemon({
      QUOTA_TLS_CLIENT_CA: '',
      QUOTA_ACCESS: folder.write('tokens.yaml', access),
    });

    expect(await admit(daemon, { channel: channel(), token })).toMatchObject({ degraded: false });
    expect(await failureOf(admit(daemon, { channel: channel() }))).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });
});

describe('a daemon that knows callers by tokens or certificates', () => {
  const startEither = () =>
    startTlsDaemon({
      QUOTA_ACCESS: folder.write(
        'either.yaml',
        accessFile([
          { name: 'web', role: 'caller', certificate: 'DNS:web.internal' },
          { name: 'alice', role: 'operator', tokens: [token] },
        ]),
      ),
    });

  test('each of them alone is answered; neither, UNAUTHENTICATED; the health, open', async () => {
    const daemon = await startEither();

    await admit(daemon, { channel: channel(ofWeb) });
    await admit(daemon, { channel: channel(), token });
    await callEmpty(daemon.target, { path: HEALTH, channel: channel() });
    expect(await failureOf(admit(daemon, { channel: channel() }))).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });

  test('a wrong token with the right certificate is rejected', async () => {
    const daemon = await startEither();

    expect(await failureOf(admit(daemon, { channel: channel(ofWeb), token: newToken() }))).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
  });

  test('an expired certificate and one of the wrong authority are worth nothing', async () => {
    const daemon = await startEither();
    const altNames = [{ type: 'dns' as const, value: 'web.internal' }];
    const worthless = [
      await authority.issue({ commonName: 'web', altNames, validForMs: -1_000 }),
      await stranger.issue({ commonName: 'web', altNames }),
    ];

    for (const shown of worthless)
      expect(await failureOf(admit(daemon, { channel: channel(shown) }))).toMatchObject({
        code: status.UNAUTHENTICATED,
      });
  });
});

describe('certificates, changed', () => {
  test('both authorities and all certificates replaced under load, no call fails, and the old are of no use', async () => {
    const daemon = await startTlsDaemon();
    const next = await createAuthority('our next');
    const nextOfDaemon = await issueForDaemon(next);
    const nextOfWeb = await next.issue({ commonName: 'web' });
    const both = Buffer.concat([authority.certificate, next.certificate]);
    const change = (work: () => void) => noticed(daemon, 'certificates changed', work);
    let current = ofWeb;

    const failures = await failuresDuring(
      () => admit(daemon, { channel: channel(current, both) }),
      async () => {
        await change(() => folder.write('clients.pem', both));
        current = nextOfWeb;
        await change(() => {
          folder.write('daemon.pem', nextOfDaemon.certificate);
          folder.write('daemon.key', nextOfDaemon.key);
        });
        await change(() => folder.write('clients.pem', next.certificate));
      },
    );

    expect(failures).toEqual([]);
    await admit(daemon, { channel: channel(nextOfWeb, next.certificate) });
    expect(await failureOf(admit(daemon, { channel: channel(ofWeb, next.certificate) }))).toMatchObject(
      UNAVAILABLE,
    );
    expect(await failureOf(admit(daemon, { channel: channel(nextOfWeb) }))).toMatchObject(UNAVAILABLE);
  });

  test('a key that is not the certificate’s is logged, and the old pair stays', async () => {
    const daemon = await startTlsDaemon();

    await noticed(daemon, 'certificates kept', () => folder.write('daemon.key', ofWeb.key));

    expect(daemon.log.findLast(({ msg }) => msg.startsWith('certificates kept'))?.reason).toMatch(
      /daemon\.key is not the key of .*daemon\.pem$/,
    );
    await admit(daemon, { channel: channel(ofWeb) });
  });
});
