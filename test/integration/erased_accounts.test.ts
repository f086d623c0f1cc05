import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import { newToken } from '../../daemon/access/tokens';
import { deleteUser } from '../../web/accounts/deleted_users';
import { accessFile, createFolder } from '../helpers/access';
import { type AdminClient, createAdminClient } from '../helpers/admin_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { openMarket, type TestMarket } from '../helpers/market';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';
import { startWeb, type TestWeb } from '../helpers/web';

const TOKENS = { web: newToken(), alice: newToken() };

const folder = createFolder();
let space: RedisSpace;
/** Its users: ada (1), bob (2) and eve (3). */
let market: TestMarket;
let daemon: TestDaemon;
let web: TestWeb;
let admin: AdminClient;

beforeAll(async () => {
  space = openRedisSpace();
  market = await openMarket();
  const identities = accessFile([
    { name: 'web', role: 'site', tokens: [TOKENS.web] },
    { name: 'alice', role: 'operator', tokens: [TOKENS.alice] },
  ]);
  daemon = await startDaemon({
    redisUrl: space.url,
    prefix: space.prefix,
    env: { QUOTA_ACCESS: folder.write('access.yaml', identities) },
    credentials: { token: TOKENS.alice },
  });
  const env = { QUOTA_TOKEN_FILE: folder.write('token', `${TOKENS.web}\n`) };
  web = await startWeb({ mysqlUrl: market.url, quotaTarget: daemon.target, env });
  admin = createAdminClient(daemon.target, { token: TOKENS.alice });
});
afterAll(async () => {
  admin.close();
  await web.stop();
  await daemon.stop();
  await market.close();
  await space.close();
  folder.remove();
});

/** The accounts that the daemon is still to erase, and how often it has rejected each. */
async function waiting(): Promise<RowDataPacket[]> {
  const [rows] = await market.pool.query<RowDataPacket[]>('SELECT user_id, refusals FROM erasures');
  return rows;
}

/** Deletes an account; the daemon is asked at once rather than after the calls in progress. */
async function deleteNow(id: number): Promise<void> {
  await deleteUser(market.pool, id);
  await market.pool.query('UPDATE erasures SET next_attempt = UTC_TIMESTAMP(3) WHERE user_id = ?', [id]);
}

async function usageOf(subject: string) {
  const { subjectUsage } = await daemon.client.stats({ subject });
  return { connections: subjectUsage?.connectionCount, calls: subjectUsage?.callCount };
}

test('a deleted account is erased by the daemon, also if that is silent at first', async () => {
  await daemon.client.admit({ subject: '1', policy: 'connection' });
  await daemon.client.recordCall({ subject: '1', service: 'vente' });
  const before = await usageOf('1');
  daemon.process.kill('SIGSTOP');
  await deleteNow(1);
  await until('an erasure without an answer', async () =>
    web.log.some(({ msg }) => msg === 'the quota daemon did not answer'),
  );
  const meanwhile = await waiting();
  daemon.process.kill('SIGCONT');
  await until('no erasure left', async () => (await waiting()).length === 0);

  expect([before, meanwhile]).toEqual([{ connections: 1, calls: 1 }, [{ user_id: 1, refusals: 0 }]]);
  expect(await usageOf('1')).toEqual({ connections: 0, calls: 0 });
  const { entries } = await admin.listAudit({ pageSize: 1 });
  expect(entries).toMatchObject([
    { method: 'quota.v1.QuotaAdminService/EraseSubject', by: 'web', code: 'OK' },
  ]);
}, 120_000);

test('an account whose limit an operator has lowered waits until an operator has erased it', async () => {
  const limit = { subject: '2', policy: 'connection', limitName: 'per-window' };
  await admin.setOverride({ ...limit, limit: 0 });
  await deleteNow(2);
  await until('a rejection', async () => (await waiting())[0]?.refusals > 0);
  const { quotas } = await admin.getQuota('2', 'connection');
  await admin.eraseSubject('2');
  await market.pool.query('UPDATE erasures SET next_attempt = UTC_TIMESTAMP(3)');
  await until('no erasure left', async () => (await waiting()).length === 0);

  expect(quotas[0]?.limits[0]).toMatchObject({ limit: 0, overridden: true });
  expect((await admin.listOverrides({ subject: '2' })).overrides).toEqual([]);
}, 120_000);
