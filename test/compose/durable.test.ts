import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createAdminClient } from '../helpers/admin_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { failureOf } from '../helpers/quota_client';
import { engine } from './docker';

/** The Redis of the stack, which has WAITAOF. */
const IMAGE = 'redis:8';

const POLICIES = `
services: [sale]
policies:
  kept: { durable: true, limits: [{ name: n, algorithm: sliding-window, limit: 3, window: 10m }] }
  plain: { limits: [{ name: n, algorithm: sliding-window, limit: 3, window: 10m }] }
`;

const name = `durable-${randomUUID()}`;
let redis: Redis;
let daemon: TestDaemon;

beforeAll(async () => {
  const run = ['run', '--detach', '--rm', '--name', name, '--publish', '127.0.0.1::6379', IMAGE];
  await engine(
    ...run,
    'redis-server',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--protected-mode',
    'no',
  );
  const port = (await engine('port', name, '6379')).trim().split(':').at(-1);
  const redisUrl = `redis://127.0.0.1:${port}/0`;
  redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  await redis.ping();
  daemon = await startDaemon({ redisUrl, policies: POLICIES, env: { QUOTA_DURABLE_CALLS: '1' } });
});
afterAll(async () => {
  await daemon?.stop();
  redis?.disconnect();
  await engine('rm', '--force', name);
});

/** How often Redis was asked to wait for the disk. */
async function waitCount(): Promise<number> {
  return Number(/^cmdstat_waitaof:calls=(\d+)/m.exec(await redis.info('commandstats'))?.[1] ?? 0);
}

async function waitsOf(work: () => Promise<unknown>): Promise<number> {
  const before = await waitCount();
  await work();
  return (await waitCount()) - before;
}

/** Does something while Redis has no append-only file, and cannot promise anything. */
async function withoutFile(work: () => Promise<void>): Promise<void> {
  await redis.config('SET', 'appendonly', 'no');
  try {
    await work();
  } finally {
    await redis.config('SET', 'appendonly', 'yes');
  }
}

const UNAVAILABLE = { code: status.UNAVAILABLE, reason: 'STORE_UNAVAILABLE' };

describe('durable answers', () => {
  test('an admission of a policy that is durable, and a call: once each is on disk; another policy does not wait', async () => {
    const { client } = daemon;
    const subject = randomUUID();
    const admit = (policy: string) => client.admit({ subject, policy });

    expect(await waitsOf(() => admit('kept'))).toBe(1);
    expect(await waitsOf(() => client.recordCall({ subject, service: 'sale' }))).toBe(1);
    expect(await waitsOf(() => admit('plain'))).toBe(0);
  });

  test('a repeat, which writes nothing, is answered only once what it repeats is on disk', async () => {
    const request = { subject: randomUUID(), policy: 'kept', requestId: randomUUID() };
    await daemon.client.admit(request);

    expect(
      await waitsOf(async () => expect(await daemon.client.admit(request)).toMatchObject({ isRepeat: true })),
    ).toBe(1);
  });

  test('a wait in vain: an unknown outcome, and a repeat with the same id takes nothing twice', async () => {
    const { client } = daemon;
    const subject = randomUUID();
    const admission = { subject, policy: 'kept', requestId: randomUUID() };
    const call = { subject, service: 'sale', requestId: randomUUID() };
    await withoutFile(async () => {
      expect(await failureOf(client.admit(admission))).toMatchObject(UNAVAILABLE);
      expect(await failureOf(client.recordCall(call))).toMatchObject(UNAVAILABLE);
      expect(await client.admit({ subject, policy: 'plain' })).toMatchObject({ decision: 1 });
    });

    const repeat = await client.admit(admission);
    expect(repeat).toMatchObject({ isRepeat: true });
    expect(repeat.limits[0]?.remaining).toBe(2);
    expect(await client.recordCall(call)).toBe(false);
  });

  test('many at once share each wait', async () => {
    const ask = () => daemon.client.admit({ subject: randomUUID(), policy: 'kept' });

    expect(await waitsOf(() => Promise.all(Array.from({ length: 200 }, ask)))).toBeLessThan(100);
  });

  test('ListPolicies says which of them are durable', async () => {
    const admin = createAdminClient(daemon.target);
    const { policies } = await admin.listPolicies();
    admin.close();

    expect(policies.map(({ name, durable }) => [name, durable])).toEqual([
      ['kept', true],
      ['plain', false],
    ]);
  });
});
