import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { startCluster } from '../helpers/cluster';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { startOwnRedis } from '../helpers/redis';
import { createUsers, type TestUsers } from '../helpers/redis_security';
import { SENTINEL_PASSWORD, startSentinels } from '../helpers/sentinel';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

/** Every kind of limit, and answers that wait for a replica. */
const POLICIES = `
services: [vente]
policies:
  connection:
    records: connections
    raises: { n: { limit: 30, for: 24h } }
    limits:
      - { name: n, algorithm: sliding-window, limit: 3, window: 10m }
      - { name: s, algorithm: sliding-window, limit: 1, window: 10m, shadow: true }
      - { name: b, algorithm: token-bucket, limit: 9, window: 10m }
`;

const WAITING = POLICIES.replace('    records:', '    wait_replicas: 1\n    records:');

let users: TestUsers;
beforeAll(() => {
  users = createUsers();
});
afterAll(() => users.folder.remove());

/** The address of a store, for the user of the daemon, and its servers as their operator reaches them. */
interface Store {
  readonly url: string;
  readonly ports: readonly number[];
  readonly policies: string;
}

const STORES: Record<string, () => Promise<Store>> = {
  'one server': async () => {
    const server = opened.closed(await startOwnRedis({ security: users }), (each) => each.close());
    return { url: server.url.replace('://', '://quota@'), ports: [server.port], policies: POLICIES };
  },
  Sentinels: async () => {
    const sentinels = opened.closed(await startSentinels({ security: users }), (each) => each.close());
    const url = sentinels.url.replace('://', '://quota@');
    return { url, ports: [await sentinels.masterPort()], policies: WAITING };
  },
  'a Cluster': async () => {
    const cluster = opened.closed(await startCluster({ security: users }), (each) => each.close());
    await cluster.replicated();
    const ports = cluster.servers.map(({ port }) => port);
    return { url: cluster.url.replace('://', '://quota@'), ports, policies: WAITING };
  },
};

/** What the daemon's user was denied, by the log of a server. */
async function deniedBy(port: number): Promise<string[]> {
  const redis = new Redis({ port, host: '127.0.0.1', ...users.client });
  try {
    const entries = (await redis.acl('LOG')) as unknown[][];
    return entries.map((entry) => entry.join(' '));
  } finally {
    redis.disconnect();
  }
}

describe.each(Object.entries(STORES))("the daemon's user on %s", (_, startStore) => {
  test('may do all that the daemon does, and the servers deny it nothing', async () => {
    const { url, ports, policies } = await startStore();
    const daemon = await opened.daemon({
      redisUrl: url,
      policies,
      env: {
        REDIS_PASSWORD: users.daemonPassword,
        ...(url.includes('+sentinel:') && { REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD }),
      },
      credentials: { asksOnce: false },
    });
    const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
    await health.reached('SERVING');
    const { client } = daemon;
    const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
    const subjects = Array.from({ length: 12 }, (_, at) => `user-${at}`);

    for (const subject of subjects) {
      const { decision } = await client.admit({ subject, policy: 'connection' });
      expect(decision).toBe(Decision.ADMITTED);
      expect(await client.recordCall({ subject, service: 'vente' })).toBe(true);
    }
    const target = { subject: 'user-1', policy: 'connection', limitName: 'n' };
    await admin.resetQuota('user-1', 'connection');
    await admin.setOverride({ ...target, limit: 9 });
    expect((await admin.listOverrides({ subject: 'user-1' })).overrides).toHaveLength(1);
    expect(await admin.clearOverride(target)).toBe(true);
    await admin.raiseLimit({ ...target, limit: 12, duration: { seconds: 3_600, nanos: 0 } });
    const asked = { subject: 'user-4', policy: 'connection', requestId: randomUUID() };
    await client.admit(asked);
    expect((await client.refund(asked)).refunded).toBe(true);
    for (let count = 0; count < 4; count += 1)
      await client.admit({ subject: 'user-5', policy: 'connection' });
    await until('the denied user', async () => (await admin.listBlocked()).blocked.length === 1);
    const watched = admin.watchDecisions({});
    watched.on('error', () => undefined);
    await once(watched, 'metadata');
    watched.cancel();
    const { erasureId } = await admin.eraseSubject('user-2');
    const isErased = async () => (await admin.getErasure(erasureId)).endTime !== undefined;
    await until('the erasure', isErased);
    expect((await admin.listAudit()).entries.length).toBeGreaterThan(0);
    const stats = await client.stats({ subject: 'user-3' });
    expect(stats.subjectUsage).toMatchObject({ connectionCount: 1, callCount: 1 });
    await until('the fleet', async () => (await admin.listDaemons()).length === 1);

    for (const port of ports) expect(await deniedBy(port)).toEqual([]);
  });
});
