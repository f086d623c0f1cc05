import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createKeys } from '../../daemon/redis/keys';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { startCluster } from '../helpers/cluster';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd, failureOf } from '../helpers/quota_client';
import { startOwnRedis } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const limits = '[{ name: n, algorithm: sliding-window, limit: 3, window: 10m }]';

const POLICIES = `
policies:
  copied: { wait_replicas: 1, limits: ${limits} }
  plain: { limits: ${limits} }
`;

const UNAVAILABLE = { code: status.UNAVAILABLE, reason: 'STORE_UNAVAILABLE' };

/** A master with one replica that has all of it, and a daemon on them. */
async function start(policies = POLICIES) {
  const startServer = async (config: Record<string, string | string[]>) =>
    opened.closed(await startOwnRedis({ config }), (each) => each.close());
  const master = await startServer({ 'repl-diskless-sync-delay': '0' });
  const replica = await startServer({ replicaof: ['127.0.0.1', `${master.port}`] });
  const redis = opened.closed(new Redis(master.url), (each) => each.disconnect());
  await until('the replica follows', async () => (await redis.info('replication')).includes('state=online'));
  const daemon = await opened.daemon({ redisUrl: master.url, policies });
  return { replica, redis, daemon };
}

/** How often Redis was asked to wait while the work was done. */
async function waitsOf(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const count = async () =>
    Number(/^cmdstat_wait:calls=(\d+)/m.exec(await redis.info('commandstats'))?.[1] ?? 0);
  const before = await count();
  await work();
  return (await count()) - before;
}

/** An answer, and how often Redis was asked to wait for it. A try that a busy machine leaves without one shows nothing. */
async function waitsOfAnswer<T>(redis: Redis, ask: () => Promise<T>): Promise<{ answer: T; waits: number }> {
  const answers: { answer: T; waits: number }[] = [];
  await until('an answer at the first try', async () => {
    const answered: T[] = [];
    const waits = await waitsOf(redis, () =>
      ask().then(
        (answer) => answered.push(answer),
        () => undefined,
      ),
    );
    for (const answer of answered) answers.push({ answer, waits });
    return answers.length > 0;
  });
  return answers[0] as { answer: T; waits: number };
}

describe('a policy that waits for a replica', () => {
  test('answers an admission and a repeat after one wait each, another policy does not wait', async () => {
    const { redis, daemon } = await start();
    const asked = { subject: 'ada', policy: 'copied', requestId: randomUUID() };

    const [first, repeat, plain] = [
      await waitsOfAnswer(redis, () => daemon.client.admit(asked)),
      await waitsOfAnswer(redis, () => daemon.client.admit(asked)),
      await waitsOfAnswer(redis, () => daemon.client.admit({ subject: 'ada', policy: 'plain' })),
    ];

    expect([first.waits, repeat.waits, plain.waits]).toEqual([1, 1, 0]);
    expect(repeat.answer).toMatchObject({ isRepeat: true });
  });

  test('has an unknown outcome if the replica does not answer, and a repeat takes nothing more', async () => {
    const { replica, daemon } = await start();
    const asked = { subject: 'ada', policy: 'copied', requestId: randomUUID() };
    replica.freeze();

    expect(await failureOf(daemon.client.admit(asked))).toMatchObject(UNAVAILABLE);
    expect(await admitInTheEnd(daemon.client, { subject: 'ada', policy: 'plain' })).toMatchObject({
      decision: Decision.ADMITTED,
    });

    replica.thaw();
    const repeat = await admitInTheEnd(daemon.client, asked);
    expect(repeat).toMatchObject({ decision: Decision.ADMITTED, isRepeat: true });
    expect(repeat.limits[0]?.remaining).toBe(2);
  });

  test('denies without waiting', async () => {
    const { replica, daemon } = await start();
    const ask = () => admitInTheEnd(daemon.client, { subject: 'ada', policy: 'copied' });
    for (let count = 0; count < 3; count += 1) await ask();
    replica.freeze();

    // One that waited would never be answered.
    const denied = await ask();
    replica.thaw();
    expect(denied.decision).toBe(Decision.DENIED);
  });

  test('and lacks one, is reported as at risk, and answers UNAVAILABLE', async () => {
    const { daemon } = await start(POLICIES.replace('wait_replicas: 1', 'wait_replicas: 2'));

    expect(await failureOf(daemon.client.admit({ subject: 'ada', policy: 'copied' }))).toMatchObject(
      UNAVAILABLE,
    );
    await until('the report', () =>
      daemon.log.some(
        ({ msg, settings }) =>
          msg.startsWith('settings of redis put promises at risk') &&
          JSON.stringify(settings).includes('a policy waits for 2 replicas'),
      ),
    );
  });

  test('that is added by a reload, waits from its first admission', async () => {
    const { redis, daemon } = await start(POLICIES.replace('wait_replicas: 1, ', ''));
    const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
    daemon.writePolicies(POLICIES);
    await until('the policies are in force', async () =>
      (await admin.listPolicies()).policies.some(({ waitReplicas }) => waitReplicas === 1),
    );

    const asked = { subject: 'ada', policy: 'copied' };
    expect(await waitsOfAnswer(redis, () => daemon.client.admit(asked))).toMatchObject({ waits: 1 });
  });

  test('on a Cluster, waits at the master of the subject: the other masters answer if its replica does not', async () => {
    const PARTITIONS = 12;
    const cluster = opened.closed(await startCluster(), (each) => each.close());
    await cluster.replicated();
    const env = { QUOTA_PARTITIONS: String(PARTITIONS) };
    const daemon = await opened.daemon({ redisUrl: cluster.url, policies: POLICIES, env });
    const subjects = Array.from({ length: 24 }, (_, at) => `user-${at}`);
    const ask = (subject: string) => admitInTheEnd(daemon.client, { subject, policy: 'copied' });
    for (const { decision } of await Promise.all(subjects.map(ask))) expect(decision).toBe(Decision.ADMITTED);

    const keys = createKeys({ prefix: '', partitions: PARTITIONS, tags: spreadTags(PARTITIONS) });
    const master = await cluster.ownerOf(keys.control(0));
    const isOnMaster = await Promise.all(
      subjects.map(async (subject) => {
        return (await cluster.ownerOf(keys.control(keys.partitionOf(subject)))) === master;
      }),
    );
    const replica = await cluster.replicaOf(master);
    replica.freeze();
    const theirs = subjects.find((_, at) => isOnMaster[at]);
    const failure = await failureOf(daemon.client.admit({ subject: theirs, policy: 'copied' }));
    const others = await Promise.all(subjects.filter((_, at) => !isOnMaster[at]).map(ask));
    replica.thaw();

    expect(failure).toMatchObject(UNAVAILABLE);
    expect(others.length).toBeGreaterThan(0);
    for (const { decision } of others) expect(decision).toBe(Decision.ADMITTED);
    expect((await ask(theirs ?? '')).decision).toBe(Decision.ADMITTED);
  });
});
