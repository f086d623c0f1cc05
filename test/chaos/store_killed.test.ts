import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { type AdmitResponse, Decision } from '../../gen/quota/v1/quota_service';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import type { QuotaClient } from '../helpers/quota_client';
import type { OwnRedis } from '../helpers/redis';
import { within } from '../helpers/wait';
import { startLoad } from './load';

const opened = closedAfterEach();

const LIMIT = 200;

/** Room for the load to the last token, so that one token too many or too few would show. */
const POLICIES = `
services: [vente, achat]
policies:
  connection:
    records: connections
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

async function start() {
  const redis = await opened.redis();
  const daemon = await opened.daemon({ redisUrl: redis.url, policies: POLICIES });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');
  return { redis, client: daemon.client, health };
}

const connection = { subject: '42', policy: 'connection' };

function admissions(client: QuotaClient) {
  const ask = (asked: QuotaClient, requestId: string) => asked.admit({ ...connection, requestId });
  return opened.closed(startLoad({ count: LIMIT, client: () => client, ask }), (load) => load.stop());
}

function calls(client: QuotaClient) {
  const ask = (asked: QuotaClient, requestId: string) =>
    asked.recordCall({ subject: '42', service: 'vente', requestId });
  return opened.closed(startLoad({ count: LIMIT, client: () => client, ask }), (load) => load.stop());
}

/** A crash, and a start from what is on the disk. */
async function crash(redis: OwnRedis): Promise<void> {
  await redis.kill();
  await redis.start();
}

/** A token for each answer, neither more nor less: what was answered says so, and so does the next one. */
async function expectEachTakenOnce(answers: readonly AdmitResponse[], client: QuotaClient): Promise<void> {
  expect(answers.filter(({ decision }) => decision === Decision.ADMITTED)).toHaveLength(LIMIT);
  // A repeat shows its limits as they stand then; each other answer shows what its own token left.
  const first = answers.filter(({ isRepeat }) => !isRepeat);
  expect(new Set(first.map(({ limits }) => limits[0]?.remaining)).size).toBe(first.length);
  expect((await client.admit(connection)).decision).toBe(Decision.DENIED);
}

describe('a store that is killed and started again under load', () => {
  test('acknowledged admissions, each taken and recorded exactly once', async () => {
    const { redis, client, health } = await start();
    const load = admissions(client);
    for (const count of [LIMIT / 4, LIMIT / 2]) {
      await load.answered(count);
      await crash(redis);
    }
    await within('every admission', load.done);
    await health.reached('SERVING');

    await expectEachTakenOnce(load.answers, client);
    const { topUsers, recentUsers } = await client.stats();
    expect(topUsers).toEqual([{ subject: '42', count: LIMIT }]);
    expect(recentUsers).toHaveLength(1);
  }, 60_000);

  test('acknowledged calls, each in the statistics exactly once', async () => {
    const { redis, client, health } = await start();
    const load = calls(client);
    for (const count of [LIMIT / 4, LIMIT / 2]) {
      await load.answered(count);
      await crash(redis);
    }
    await within('every call', load.done);
    await health.reached('SERVING');

    const { services, leastActiveUsers } = await client.stats();
    expect(services).toEqual([
      { service: 'vente', callCount: LIMIT },
      { service: 'achat', callCount: 0 },
    ]);
    expect(leastActiveUsers).toEqual([{ subject: '42', count: LIMIT }]);
  }, 60_000);

  test('callers, told only that the store is out of reach', async () => {
    const { redis, client } = await start();
    const load = admissions(client);
    await load.answered(LIMIT / 4);
    await crash(redis);
    await within('every admission', load.done);

    expect([...new Set(load.failures)].filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
  }, 60_000);

  test('the next admission after a restart, answered', async () => {
    const { redis, client, health } = await start();
    const before = await client.admit(connection);
    await redis.kill();
    await health.reached('NOT_SERVING');
    await redis.start();
    await health.reached('SERVING');

    const after = await client.admit(connection);

    expect([before, after].map(({ limits }) => limits[0]?.remaining)).toEqual([LIMIT - 1, LIMIT - 2]);
  });
});

describe('a store whose functions are flushed under load', () => {
  test('admissions, each answered at the first try and taken once', async () => {
    const { redis, client } = await start();
    const operator = opened.closed(new Redis(redis.url), (connected) => connected.disconnect());
    const load = admissions(client);
    for (let count = 10; count <= LIMIT; count += 10) {
      await load.answered(count);
      await operator.function('FLUSH');
    }
    await within('every admission', load.done);

    expect(load.failures).toEqual([]);
    await expectEachTakenOnce(load.answers, client);
  });

  test('calls, each recorded at the first try and once', async () => {
    const { redis, client } = await start();
    const operator = opened.closed(new Redis(redis.url), (connected) => connected.disconnect());
    const load = calls(client);
    for (let count = 10; count <= LIMIT; count += 10) {
      await load.answered(count);
      await operator.script('FLUSH');
      await operator.function('FLUSH');
    }
    await within('every call', load.done);

    expect(load.failures).toEqual([]);
    expect(load.answers).toEqual(Array(LIMIT).fill(true));
    expect((await client.stats()).services[0]).toEqual({ service: 'vente', callCount: LIMIT });
  });
});
