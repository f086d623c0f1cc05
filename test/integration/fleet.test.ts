import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import type { WatchDecisionsResponse } from '../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../gen/quota/v1/quota_service';
import { type AdminClient, createAdminClient } from '../helpers/admin_client';
import { startCluster } from '../helpers/cluster';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { openRedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';

const policiesWith = (limit: number) => `
services: [vente]
policies:
  connection:
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${limit}, window: 10m }
`;

/** Longer than a decision takes to be published. */
const PUBLISHED_MS = 500;

/** More than the limit: it takes nothing. */
const MARK_COST = 5;

interface Place {
  readonly url: string;
  readonly prefix: string;
  close(): Promise<void>;
}

async function clusterPlace(): Promise<Place> {
  const cluster = await startCluster({ replicas: 0 });
  return { url: cluster.url, prefix: 'fleet:', close: cluster.close };
}

describe.each([
  ['one server', async (): Promise<Place> => openRedisSpace()],
  ['a Cluster', clusterPlace],
])('daemons on %s', (_name, open) => {
  let place: Place;
  let daemons: [TestDaemon, TestDaemon];
  let admin: AdminClient;
  beforeAll(async () => {
    place = await open();
    const options = { redisUrl: place.url, prefix: place.prefix, policies: policiesWith(3) };
    const env = { QUOTA_PARTITIONS: '4' };
    daemons = await Promise.all([startDaemon({ ...options, env }), startDaemon({ ...options, env })]);
    admin = createAdminClient(daemons[0].target);
  });
  afterAll(async () => {
    admin.close();
    await Promise.all(daemons.map((each) => each.stop()));
    await place.close();
  });

  test('all are listed, with their version and the same policies', async () => {
    await until('both are there', async () => (await admin.listDaemons()).length === 2);
    const listed = await admin.listDaemons();
    const { digest } = await admin.listPolicies();

    expect(new Set(listed.map(({ daemonId }) => daemonId)).size).toBe(2);
    for (const process of listed)
      expect(process).toMatchObject({
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        policiesDigest: digest,
        listen: '127.0.0.1:0',
      });
  });

  test('daemons with different policies files differ in their digests', async () => {
    daemons[1].writePolicies(policiesWith(4));
    const digests = async () =>
      new Set((await admin.listDaemons()).map(({ policiesDigest }) => policiesDigest));
    await until('they differ', async () => (await digests()).size === 2);
    const metrics = await (await fetch(`${daemons[1].httpUrl}/metrics`)).text();
    const [, shown = ''] = /^quota_policies_info\{digest="(\w+)"\} 1$/m.exec(metrics) ?? [];
    expect(await digests()).toContain(shown);

    daemons[1].writePolicies(policiesWith(3));
    await until('they are the same again', async () => (await digests()).size === 1);
  });

  test('a watcher at one of them receives the decisions of each once', async () => {
    const subject = randomUUID();
    const received: WatchDecisionsResponse[] = [];
    const stream = admin.watchDecisions({ subject });
    stream.on('data', (event: WatchDecisionsResponse) => received.push(event));
    stream.on('error', () => undefined);
    await once(stream, 'metadata');
    const mark = { subject, policy: 'connection', cost: MARK_COST };
    await until('the other daemon knows of the watcher', async () => {
      await daemons[1].client.admit(mark);
      return received.length > 0;
    });

    await daemons[0].client.admit({ subject, policy: 'connection' });
    await daemons[1].client.admit({ subject, policy: 'connection', cost: 2 });
    await daemons[1].client.admit({ subject: randomUUID(), policy: 'connection' });
    await daemons[1].client.admit({ subject, policy: 'connection' });
    const asked = () => received.filter(({ cost }) => cost !== MARK_COST);
    await until('all have come', () => asked().length >= 3);
    // What came twice would have come by then.
    await pause(PUBLISHED_MS);
    stream.cancel();

    const shown = asked().map(({ cost, decision, missedCount }) => ({ cost, decision, missedCount }));
    expect(shown.sort((a, b) => a.decision - b.decision || a.cost - b.cost)).toEqual([
      { cost: 1, decision: Decision.ADMITTED, missedCount: 0 },
      { cost: 2, decision: Decision.ADMITTED, missedCount: 0 },
      { cost: 1, decision: Decision.DENIED, missedCount: 0 },
    ]);
  });

  test('that are watched no more, publish nothing', async () => {
    // On a Cluster, a message published on one server reaches all of them.
    const [first = ''] = place.url.replace('redis+cluster:', 'redis:').split(',');
    const ear = new Redis(first);
    let heard = 0;
    ear.on('pmessage', () => {
      heard += 1;
    });
    await ear.psubscribe(`${place.prefix}*`);
    // Daemons forget after a time who has watched.
    await until('a decision that nobody publishes', async () => {
      heard = 0;
      await daemons[1].client.admit({ subject: randomUUID(), policy: 'connection' });
      await pause(PUBLISHED_MS);
      return heard === 0;
    });
    ear.disconnect();
  });

  test('of which one stops, it is listed no more', async () => {
    const [, other] = daemons;
    await other.stop();

    await until('one is left', async () => (await admin.listDaemons()).length === 1);
  });
});
