import { credentials } from '@grpc/grpc-js';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createFolder } from '../helpers/access';
import { createAuthority, issueForDaemon } from '../helpers/certificates';
import { closedAfterEach } from '../helpers/opened';
import { parsePrometheusText } from '../helpers/prometheus_text';
import { createQuotaClient } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();
const folder = createFolder();
afterAll(() => folder.remove());

describe('/metrics of a daemon that serves TLS', () => {
  test('connections that come and go are counted', async () => {
    const authority = await createAuthority('ours');
    const { certificate, key } = await issueForDaemon(authority);
    const shown = await authority.issue({ commonName: 'web' });
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({
      redisUrl,
      prefix,
      env: {
        QUOTA_TLS_CERT: folder.write('daemon.pem', certificate),
        QUOTA_TLS_KEY: folder.write('daemon.key', key),
        QUOTA_TLS_CLIENT_CA: folder.write('clients.pem', authority.certificate),
      },
    });
    const connections = async () => {
      const text = await (await fetch(`${daemon.httpUrl}/metrics`)).text();
      return parsePrometheusText(text).get('quota_grpc_connections')?.samples.get('quota_grpc_connections');
    };

    const client = createQuotaClient(daemon.target, {
      channel: credentials.createSsl(authority.certificate, shown.key, shown.certificate),
    });
    await client.admit({ subject: '42', policy: 'connection' });
    expect(await connections()).toBe(1);

    client.close();
    await until('no connection any more', async () => (await connections()) === 0);
  });
});
