import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { engine } from './docker';

const POLICIES = `
policies:
  durable: { durable: true, limits: [{ name: n, algorithm: sliding-window, limit: 10, window: 10m }] }
  plain: { limits: [{ name: n, algorithm: sliding-window, limit: 10, window: 10m }] }
`;

const MEASURED_MS = 3_000;

const name = `price-${randomUUID()}`;
let redis: Redis;
let daemon: TestDaemon;

beforeAll(async () => {
  const run = ['run', '--detach', '--rm', '--name', name, '--publish', '127.0.0.1::6379', 'redis:8'];
  await engine(...run, 'redis-server', '--appendonly', 'yes', '--protected-mode', 'no');
  const port = (await engine('port', name, '6379')).trim().split(':').at(-1);
  const redisUrl = `redis://127.0.0.1:${port}/0`;
  redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  await redis.ping();
  daemon = await startDaemon({ redisUrl, policies: POLICIES, env: { QUOTA_SHEDDING: 'off' } });
});
afterAll(async () => {
  await daemon?.stop();
  redis?.disconnect();
  await engine('rm', '--force', name);
});

/** What admissions of a policy take, asked by so many callers, each one after the other. */
async function measure(policy: string, callers: number): Promise<{ p50: number; p99: number; perS: number }> {
  const took: number[] = [];
  const startMs = performance.now();
  const ask = async () => {
    while (performance.now() - startMs < MEASURED_MS) {
      const sentMs = performance.now();
      await daemon.client.admit({ subject: randomUUID(), policy });
      took.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, ask));
  took.sort((a, b) => a - b);
  const at = (share: number) => Math.round((took[Math.floor(took.length * share)] ?? 0) * 10) / 10;
  return {
    p50: at(0.5),
    p99: at(0.99),
    perS: Math.round(took.length / ((performance.now() - startMs) / 1000)),
  };
}

test('prints the price of waiting for the disk: milliseconds, and admissions a second', async () => {
  const rows: Record<string, unknown>[] = [];
  for (const fsync of ['always', 'everysec']) {
    await redis.config('SET', 'appendfsync', fsync);
    for (const policy of ['plain', 'durable'])
      for (const callers of [1, 64])
        rows.push({ fsync, policy, callers, ...(await measure(policy, callers)) });
  }
  console.table(rows);

  expect(rows.every(({ perS }) => Number(perS) > 0)).toBe(true);
});
