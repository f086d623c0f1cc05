import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { QuotaClient } from '../../../client/quota_client';
import { AdmitResponse, Decision } from '../../../gen/quota/v1/quota_service';
import { type Authority, createAuthority } from '../../helpers/certificates';
import { until } from '../../helpers/wait';
import { clientTo, serve } from './fake_daemon';

const ADMITTED = AdmitResponse.create({ decision: Decision.ADMITTED });
const request = { subject: '42', policy: 'connection' };

/** More than it takes two daemons to be connected. */
const REQUESTS = 20;

let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority('test authority');
});

/** A daemon that proves this name alone, and how often it was asked. */
async function daemonNamed(name: string) {
  const { certificate, key } = await authority.issue({
    commonName: 'daemon',
    altNames: [{ type: 'dns', value: name }],
  });
  const asked = { count: 0 };
  const { port } = await serve(
    {
      admit: (_call, callback) => {
        asked.count += 1;
        callback(null, ADMITTED);
      },
    },
    { credentials: ServerCredentials.createSsl(null, [{ cert_chain: certificate, private_key: key }]) },
  );
  return { asked, port };
}

function secureClientTo(targets: string[]): QuotaClient {
  return clientTo(targets, { credentials: credentials.createSsl(authority.certificate), deadlineMs: 10_000 });
}

describe('several daemons over TLS', () => {
  test('all that prove the name of the first target are asked', async () => {
    const [first, second] = await Promise.all([daemonNamed('localhost'), daemonNamed('localhost')]);
    const client = secureClientTo([`localhost:${first.port}`, `127.0.0.1:${second.port}`]);

    await until('both are asked', async () => {
      await client.admit(request);
      return first.asked.count > 0 && second.asked.count > 0;
    });
  });

  test('one that proves another name is not asked', async () => {
    const [first, stranger] = await Promise.all([daemonNamed('localhost'), daemonNamed('elsewhere.example')]);
    const client = secureClientTo([`localhost:${first.port}`, `127.0.0.1:${stranger.port}`]);
    for (let count = 0; count < REQUESTS; count += 1) await client.admit(request);

    expect([first.asked.count, stranger.asked.count]).toEqual([REQUESTS, 0]);
  });
});
