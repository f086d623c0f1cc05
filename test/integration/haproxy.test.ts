import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { tokenDigest } from '../../daemon/access/tokens';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { admitCount, describeWithHaproxy, HAPROXY_FILE, openBehindHaproxy } from '../helpers/haproxy';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { createQuotaClient, failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

/** Two daemons behind one HAProxy, and who asks them through it. */
async function start(env: Record<string, string> = {}) {
  const behind = await openBehindHaproxy(opened, { env });
  const client = opened.closed(createQuotaClient(behind.haproxy.target), (each) => each.close());
  return { ...behind, client };
}

/** A file that names a caller with this token. */
function accessFile(token: string): string {
  const folder = opened.closed(mkdtempSync(join(tmpdir(), 'quota-access-')), (each) =>
    rmSync(each, { recursive: true, force: true }),
  );
  const file = join(folder, 'access.yaml');
  const digest = tokenDigest(token).toString('hex');
  writeFileSync(file, `identities:\n  - { name: shop, role: caller, token_sha256: ${digest} }\n`);
  return file;
}

describeWithHaproxy('HAProxy', () => {
  test('accepts the configuration, with the servers of the compose stack', () => {
    const servers = join(dirname(HAPROXY_FILE), 'compose.cfg');
    const { status: code, stderr } = spawnSync('haproxy', ['-c', '-f', HAPROXY_FILE, '-f', servers], {
      encoding: 'utf8',
    });

    expect([code, stderr]).toEqual([0, '']);
  });

  test('sends the calls of one connection to all daemons, and the limit holds', async () => {
    const { client, posts } = await start();
    const subject = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => client.admit({ subject, policy: 'connection' })),
    );
    const asked = await Promise.all(posts.map(admitCount));

    expect(answers.filter(({ decision }) => decision === Decision.ADMITTED)).toHaveLength(10);
    for (const count of asked) expect(count).toBeGreaterThanOrEqual(10);
  });

  test('passes on tokens, by which daemons know callers apart', async () => {
    const token = 'quota_of-the-shop';
    const { haproxy, client } = await start({ QUOTA_ACCESS: accessFile(token) });
    const shop = opened.closed(createQuotaClient(haproxy.target, { token }), (each) => each.close());

    expect(await failureOf(client.admit({ subject: '1', policy: 'connection' }))).toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    expect(await shop.admit({ subject: '1', policy: 'connection' })).toMatchObject({
      decision: Decision.ADMITTED,
    });
  });

  test('passes on streams', async () => {
    const { haproxy, client } = await start();
    const health = opened.closed(watchHealth(haproxy.target), (watch) => watch.close());
    await health.reached('SERVING');
    const subject = randomUUID();
    const admin = opened.closed(createAdminClient(haproxy.target), (each) => each.close());
    const seen: unknown[] = [];
    const stream = opened.closed(admin.watchDecisions({ subject }), (each) => each.cancel());
    stream.on('error', () => undefined);
    stream.on('data', (decision) => seen.push(decision));
    await until('a decision', async () => {
      await client.admit({ subject, policy: 'connection' });
      return seen.length > 0;
    });

    expect(seen[0]).toMatchObject({ subject });
  });

  test('leaves out a daemon that drains, and reports that none is left as UNAVAILABLE', async () => {
    const { posts, daemons, haproxy, client } = await start({ QUOTA_DRAIN_DELAY_MS: '600000' });
    daemons[0]?.process.kill('SIGTERM');
    await until('one daemon', async () => (await haproxy.readyPosts()).length === 1);
    expect(await haproxy.readyPosts()).toEqual([posts[1]]);
    expect((await fetch(`${haproxy.stateUrl}/readyz`)).status).toBe(200);
    for (let call = 0; call < 10; call += 1)
      expect(await client.admit({ subject: randomUUID(), policy: 'connection' })).toMatchObject({
        decision: Decision.ADMITTED,
      });

    daemons[1]?.process.kill('SIGTERM');
    await until('no daemon', async () => (await haproxy.readyPosts()).length === 0);
    expect((await fetch(`${haproxy.stateUrl}/readyz`)).status).toBe(503);
    expect(await failureOf(client.admit({ subject: '1', policy: 'connection' }))).toMatchObject({
      code: status.UNAVAILABLE,
    });
    for (const { process } of daemons) process.kill('SIGKILL');
  });
});
