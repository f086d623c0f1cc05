import { X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, expect, test } from '@jest/globals';
import { newToken } from '../../daemon/access/tokens';
import { accessFile, createFolder } from '../helpers/access';
import { createAuthority, type Issued, issueForDaemon } from '../helpers/certificates';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { parsePrometheusText } from '../helpers/prometheus_text';
import { createQuotaClient, failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();
const folder = createFolder();
afterAll(() => folder.remove());

async function start({ hasTokens }: { hasTokens: boolean }) {
  const authority = await createAuthority('ours');
  const ofDaemon = await issueForDaemon(authority);
  const expired = await authority.issue({ commonName: 'web', validForMs: -1_000 });
  const space = opened.space();
  const identity = { name: 'web', role: 'caller', tokens: [newToken()] } as const;
  const files = {
    QUOTA_TLS_CERT: folder.write('daemon.pem', ofDaemon.certificate),
    QUOTA_TLS_KEY: folder.write('daemon.key', ofDaemon.key),
    QUOTA_TLS_CLIENT_CA: folder.write('clients.pem', authority.certificate),
  };
  const access: Record<string, string> = hasTokens
    ? { QUOTA_ACCESS: folder.write('access.yaml', accessFile([identity])) }
    : {};
  const daemon = await opened.daemon({
    redisUrl: space.url,
    prefix: space.prefix,
    env: { ...files, ...access },
  });
  return { authority, ofDaemon, expired, files, daemon };
}

async function samplesOf({ httpUrl }: TestDaemon, name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  const samples = parsePrometheusText(text).get(name)?.samples ?? new Map<string, number>();
  return Object.fromEntries([...samples].map(([series, value]) => [series.slice(name.length), value]));
}

const failuresOf = (daemon: TestDaemon) => samplesOf(daemon, 'quota_tls_handshake_failures_total');

async function admitWith(daemon: TestDaemon, shown: Issued, believed: Buffer) {
  const channel = credentials.createSsl(believed, shown.key, shown.certificate);
  const client = createQuotaClient(daemon.target, { channel });
  return failureOf(client.admit({ subject: '42', policy: 'connection' })).finally(() => client.close());
}

test('the ends of the certificates are those of the files', async () => {
  const { authority, ofDaemon, files, daemon } = await start({ hasTokens: false });
  const endOf = (pem: Buffer) => Date.parse(new X509Certificate(pem).validTo) / 1000;

  expect(await samplesOf(daemon, 'quota_tls_certificate_not_after_seconds')).toEqual({
    [`{file="${files.QUOTA_TLS_CERT}"}`]: endOf(ofDaemon.certificate),
    [`{file="${files.QUOTA_TLS_CLIENT_CA}"}`]: endOf(authority.certificate),
  });
});

test.each([
  ['required', false, status.UNAVAILABLE],
  ['one way among others', true, status.UNAUTHENTICATED],
])(
  'an expired client certificate if one is %s is counted and logged with its reason',
  async (_, hasTokens, code) => {
    const { authority, expired, daemon } = await start({ hasTokens });
    expect((await failuresOf(daemon))['{reason="expired"}']).toBe(0);

    expect(await admitWith(daemon, expired, authority.certificate)).toMatchObject({ code });

    await until('the failure', async () => ((await failuresOf(daemon))['{reason="expired"}'] ?? 0) > 0);
    await until('the log line', () => daemon.log.some(({ msg }) => msg === 'TLS handshake failed'));
    expect(daemon.log.find(({ msg }) => msg === 'TLS handshake failed')).toMatchObject({
      reason: 'expired',
      code: 'CERT_HAS_EXPIRED',
    });
  },
);

test('a client that speaks no TLS is counted as one of another protocol', async () => {
  const { daemon } = await start({ hasTokens: false });
  const [host = '', port] = daemon.target.split(':');
  const socket = opened.closed(connect(Number(port), host), (open) => open.destroy());
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\n\r\n');

  await until('the failure', async () => ((await failuresOf(daemon))['{reason="protocol"}'] ?? 0) > 0);
});
