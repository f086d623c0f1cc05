import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { expect, test } from '@jest/globals';
import { createAdminClient } from '../helpers/admin_client';
import type { TestDaemon } from '../helpers/daemon';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { until, within } from '../helpers/wait';

const opened = closedAfterEach();

const start = (env: Record<string, string> = {}) => opened.daemon({ redisUrl: 'memory:', env });

async function openSession({ target }: TestDaemon): Promise<ClientHttp2Session> {
  const session = opened.closed(connectHttp2(`http://${target}`), (open) => open.destroy());
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  return session;
}

test('a connection ends with GOAWAY at its age, and calls go on over another one without a failure', async () => {
  const daemon = await start({ QUOTA_MAX_CONNECTION_AGE_MS: '200' });
  const goAway = once(await openSession(daemon), 'goaway');
  const admin = opened.closed(createAdminClient(daemon.target), (client) => client.close());
  // Anonymous callers are named after their connection.
  const connections = new Set<string>();
  const override = { subject: '1', policy: 'connection', limitName: 'per-window', limit: 5 };
  await until('five connections, one after the other', async () => {
    const { override: set } = await admin.setOverride(override);
    return connections.add(set?.setBy ?? '').size >= 5;
  });

  const [code] = await within('GOAWAY', goAway);
  expect(code).toBe(0);
});

test('a stream outlives the age of its connection, unless there is a grace', async () => {
  const age = { QUOTA_MAX_CONNECTION_AGE_MS: '200' };
  const [patient, strict] = await Promise.all([
    start(age),
    start({ ...age, QUOTA_MAX_CONNECTION_AGE_GRACE_MS: '200' }),
  ]);
  const watches = [patient, strict].map(({ target }) =>
    opened.closed(watchHealth(target), (watch) => watch.close()),
  );
  // The other stream may end before its first answer.
  await watches[0]?.reached('SERVING');
  await until('the end of the stream with a grace', () => watches[1]?.hasEnded === true);

  expect(watches[0]?.hasEnded).toBe(false);
});

test('a daemon that is asked to stop ends its connections with GOAWAY', async () => {
  const daemon = await start();
  const goAway = once(await openSession(daemon), 'goaway');
  daemon.process.kill('SIGTERM');

  const [code] = await within('GOAWAY', goAway);
  expect(code).toBe(0);
});
