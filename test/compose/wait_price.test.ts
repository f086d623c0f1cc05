import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { startOwnRedis } from '../helpers/redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const limits = '[{ name: n, algorithm: sliding-window, limit: 10, window: 10m }]';

const POLICIES = `
policies:
  plain: { limits: ${limits} }
  one: { wait_replicas: 1, limits: ${limits} }
  two: { wait_replicas: 2, limits: ${limits} }
`;

const ROUNDS = 3;
const MEASURED_MS = 2_000;

/** A master with two replicas that have all of it, and a daemon on them. */
async function start(): Promise<TestDaemon> {
  const startServer = async (config: Record<string, string | string[]>) => {
    const server = await startOwnRedis({ config: { appendfsync: 'everysec', ...config } });
    return opened.closed(server, (each) => each.close());
  };
  const master = await startServer({ 'repl-diskless-sync-delay': '0' });
  await Promise.all([1, 2].map(() => startServer({ replicaof: ['127.0.0.1', `${master.port}`] })));
  const redis = opened.closed(new Redis(master.url), (each) => each.disconnect());
  await until('the replicas follow', async () => {
    return [...(await redis.info('replication')).matchAll(/state=online/g)].length === 2;
  });
  return opened.daemon({ redisUrl: master.url, policies: POLICIES, env: { QUOTA_SHEDDING: 'off' } });
}

/** What admissions of a policy take in milliseconds, asked by so many callers, each one after the other. */
async function measure({ client }: TestDaemon, policy: string, callers: number) {
  const took: number[] = [];
  let failed = 0;
  const startMs = performance.now();
  const ask = async () => {
    // On a machine that stands still the first answer may come later.
    while (performance.now() - startMs < MEASURED_MS || took.length === 0) {
      const sentMs = performance.now();
      const isAnswered = await client.admit({ subject: randomUUID(), policy }).then(
        () => true,
        () => false,
      );
      if (isAnswered) took.push(performance.now() - sentMs);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, ask));
  took.sort((a, b) => a - b);
  const at = (share: number) => Math.round((took[Math.floor(took.length * share)] ?? 0) * 10) / 10;
  const perS = Math.round(took.length / ((performance.now() - startMs) / 1000));
  return { p50: at(0.5), p99: at(0.99), perS, answered: took.length, failed };
}

test('the price of waiting for replicas is printed: milliseconds, and admissions a second', async () => {
  const daemon = await start();
  const rows: Record<string, unknown>[] = [];
  // In turn, as the load of the machine changes meanwhile.
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const callers of [1, 64])
      for (const policy of ['plain', 'one', 'two'])
        rows.push({ callers, policy, round, ...(await measure(daemon, policy, callers)) });
  console.table(rows);

  expect(rows.every(({ answered }) => Number(answered) > 0)).toBe(true);
});
