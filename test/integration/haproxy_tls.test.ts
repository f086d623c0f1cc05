import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelCredentials, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newToken } from '../../daemon/access/tokens';
import { Decision } from '../../gen/quota/v1/quota_service';
import { accessFile, callEmpty, createFolder } from '../helpers/access';
import { type Authority, createAuthority, type Issued, issueForDaemon } from '../helpers/certificates';
import { admitCount, describeWithHaproxy, openBehindHaproxy } from '../helpers/haproxy';
import { closedAfterEach } from '../helpers/opened';
import { createQuotaClient, failureOf } from '../helpers/quota_client';

const OPERATIONS = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8').replace(/\s+/g, ' ');

const LIST_POLICIES = '/quota.v1.QuotaAdminService/ListPolicies';

const opened = closedAfterEach();
const folder = createFolder();
const token = newToken();
let ours: Authority;
let theirs: Authority;
let ofDaemon: Issued;
let ofCaller: Issued;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([createAuthority('ours'), createAuthority('theirs')]);
  ofDaemon = await issueForDaemon(ours);
  ofCaller = await ours.issue({ commonName: 'web', altNames: [{ type: 'dns', value: 'web.internal' }] });
});
afterAll(() => folder.remove());

/** What the document says after these words, up to the end of the command. */
function documented(words: string): string {
  const [, rest] = new RegExp(`\`${words} ([^\`]+)\``).exec(OPERATIONS) ?? [];
  if (rest === undefined) throw new Error(`docs/operations.md does not say ${words}`);
  return rest;
}

/** Daemons that serve TLS, and ask for client certificates of our authority. */
function daemonEnv(): Record<string, string> {
  return {
    QUOTA_TLS_CERT: folder.write('daemon.pem', ofDaemon.certificate),
    QUOTA_TLS_KEY: folder.write('daemon.key', ofDaemon.key),
    QUOTA_TLS_CLIENT_CA: folder.write('clients.pem', ours.certificate),
  };
}

const inOneFile = ({ certificate, key }: Issued) => Buffer.concat([certificate, key]);

/** What a caller shows; no certificate unless given. */
function channel(shown?: Issued): ChannelCredentials {
  return credentials.createSsl(ours.certificate, shown?.key ?? null, shown?.certificate ?? null);
}

function clientOf(target: string, shown?: Issued) {
  return opened.closed(createQuotaClient(target, { channel: channel(shown) }), (each) => each.close());
}

const admission = () => ({ subject: randomUUID(), policy: 'connection' });

const ADMITTED = { decision: Decision.ADMITTED };

async function expectStrangersRejected(target: string): Promise<void> {
  const strange = await theirs.issue({
    commonName: 'web',
    altNames: [{ type: 'dns', value: 'web.internal' }],
  });
  for (const shown of [undefined, strange])
    expect(await failureOf(clientOf(target, shown).admit(admission()))).toMatchObject({
      code: status.UNAVAILABLE,
    });
}

describeWithHaproxy('client certificates through HAProxy, as docs/operations.md says', () => {
  test('passed on as bytes, are checked by the daemon; one connection stays with one daemon', async () => {
    const identity = { name: 'web', role: 'operator', certificate: 'DNS:web.internal' } as const;
    const access = folder.write('by_certificate.yaml', accessFile([identity]));
    const { posts, haproxy } = await openBehindHaproxy(opened, {
      env: { ...daemonEnv(), QUOTA_ACCESS: access },
      mode: 'tcp',
      bind: '',
      server: '',
    });
    const client = clientOf(haproxy.target, ofCaller);
    for (let count = 0; count < 10; count += 1)
      expect(await client.admit(admission())).toMatchObject(ADMITTED);

    expect((await Promise.all(posts.map(admitCount))).sort()).toEqual([0, 10]);
    await callEmpty(haproxy.target, { path: LIST_POLICIES, channel: channel(ofCaller) });
    await expectStrangersRejected(haproxy.target);
  });

  test('checked by HAProxy, let callers in whom their tokens tell apart, and calls go to all daemons', async () => {
    const identities = [
      { name: 'haproxy', role: 'caller', certificate: 'DNS:haproxy.internal' },
      { name: 'alice', role: 'operator', tokens: [token] },
    ] as const;
    const access = folder.write('by_token.yaml', accessFile(identities));
    const ofHaproxy = await ours.issue({
      commonName: 'haproxy',
      altNames: [{ type: 'dns', value: 'haproxy.internal' }],
    });
    const { posts, haproxy } = await openBehindHaproxy(opened, {
      env: { ...daemonEnv(), QUOTA_ACCESS: access },
      bind: documented('bind :50051'),
      server: documented('server …'),
      files: {
        'haproxy.pem': inOneFile(ofDaemon),
        'haproxy_client.pem': inOneFile(ofHaproxy),
        'clients.pem': ours.certificate,
        'ca.pem': ours.certificate,
      },
    });
    const client = clientOf(haproxy.target, ofCaller);
    for (let count = 0; count < 10; count += 1)
      expect(await client.admit(admission())).toMatchObject(ADMITTED);

    for (const count of await Promise.all(posts.map(admitCount))) expect(count).toBeGreaterThanOrEqual(4);
    const asked = { path: LIST_POLICIES, channel: channel(ofCaller) };
    expect(await failureOf(callEmpty(haproxy.target, asked))).toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    await callEmpty(haproxy.target, { ...asked, token });
    await expectStrangersRejected(haproxy.target);
  });
});
