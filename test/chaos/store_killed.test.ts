import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { type AdmitResponse, Decision } from '../../gen/quota/v1/quota_service';
import { storeKind } from '../helpers/environment';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import type { OwnStore } from '../helpers/own_store';
import { admitInTheEnd, type QuotaClient } from '../helpers/quota_client';
import { onMasters, openDatabase } from '../helpers/redis';
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
  const redis = await opened.store();
  const daemon = await opened.daemon({ redisUrl: redis.url, policies: POLICIES });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');
  return { redis, client: daemon.client, health };
}

const connection = { subject: '42', policy: 'connection' };

function admissions(client: QuotaClient, { subject } = connection) {
  const ask = (asked: QuotaClient, requestId: string) => asked.admit({ ...connection, subject, requestId });
  return opened.closed(startLoad({ count: LIMIT, client: () => client, ask }), (load) => load.stop());
}

function calls(client: QuotaClient) {
  const ask = (asked: QuotaClient, requestId: string) =>
    asked.recordCall({ subject: '42', service: 'vente', requestId });
  return opened.closed(startLoad({ count: LIMIT, client: () => client, ask }), (load) => load.stop());
}

/** A crash, and a start from what is on the disk. */
async function crash(redis: OwnStore): Promise<void> {
  await redis.kill();
  await redis.start();
}

/** A token for each answer, neither more nor less: what was answered says so, and so does the next one. */
async function expectEachTakenOnce(
  answers: readonly AdmitResponse[],
  client: QuotaClient,
  { subject } = connection,
): Promise<void> {
  expect(answers.filter(({ decision }) => decision === Decision.ADMITTED)).toHaveLength(LIMIT);
  // A repeat shows its limits as they stand then; each other answer shows what its own token left.
  const first = answers.filter(({ isRepeat }) => !isRepeat);
  expect(new Set(first.map(({ limits }) => limits[0]?.remaining)).size).toBe(first.length);
  expect((await admitInTheEnd(client, { ...connection, subject })).decision).toBe(Decision.DENIED);
}

describe('a store that is killed and started again under load', () => {
  test('each acknowledged admission is taken and recorded exactly once', async () => {
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
  });

  test('acknowledged calls are each in the statistics exactly once', async () => {
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
  });

  test('callers learn only that the store is unreachable', async () => {
    const { redis, client } = await start();
    const load = admissions(client);
    await load.answered(LIMIT / 4);
    await crash(redis);
    await within('every admission', load.done);

    expect([...new Set(load.failures)].filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
  });

  test('the next admission after a restart is answered', async () => {
    const { redis, client, health } = await start();
    const before = await admitInTheEnd(client, connection);
    await redis.kill();
    await health.reached('NOT_SERVING');
    await redis.start();
    await health.reached('SERVING');

    // A Cluster serves as soon as one of its partitions does.
    const isWhole = storeKind() !== 'cluster';
    const after = await (isWhole ? client.admit(connection) : admitInTheEnd(client, connection));

    expect([before, after].map(({ limits }) => limits[0]?.remaining)).toEqual([LIMIT - 1, LIMIT - 2]);
  });
});

/**
 * A busy machine may hold Redis up for longer than a daemon waits for it, so one load of a few must be without a failure. What is
 * flushed and not loaded again would fail in each of them.
 */
const MOST_LOADS = 3;

/** Makes loads until one has no failure; how many it took. Throws with the failures of the last if each has some. */
async function untilFlawless(run: (load: number) => Promise<readonly number[]>): Promise<number> {
  for (let load = 1; ; load += 1) {
    const failures = await run(load);
    // A function that was not loaded again is INTERNAL; a slow store never is.
    expect(failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
    if (failures.length === 0) return load;
    if (load === MOST_LOADS) throw new Error(`calls of each load failed, in the last with ${failures}`);
  }
}

describe('a store whose functions are flushed under load', () => {
  test('admissions, each answered at the first try and taken once', async () => {
    const { redis, client } = await start();
    const operator = opened.closed(openDatabase(redis.url), (connected) => connected.disconnect());

    await untilFlawless(async (number) => {
      const request = { ...connection, subject: `user-${number}` };
      const load = admissions(client, request);
      for (let count = 10; count <= LIMIT; count += 10) {
        await load.answered(count);
        await onMasters(operator, (master) => master.function('FLUSH'));
      }
      await within('every admission', load.done);
      await expectEachTakenOnce(load.answers, client, request);
      return load.failures;
    });
  });

  test('calls, each recorded at the first try and once', async () => {
    const { redis, client } = await start();
    const operator = opened.closed(openDatabase(redis.url), (connected) => connected.disconnect());

    const loads = await untilFlawless(async () => {
      const load = calls(client);
      for (let count = 10; count <= LIMIT; count += 10) {
        await load.answered(count);
        await onMasters(operator, (master) => master.script('FLUSH'));
        await onMasters(operator, (master) => master.function('FLUSH'));
      }
      await within('every call', load.done);
      // What was not answered may have been recorded, and its repeat then says that it was before.
      if (load.failures.length === 0) expect(load.answers).toEqual(Array(LIMIT).fill(true));
      return load.failures;
    });

    expect((await client.stats()).services[0]).toEqual({ service: 'vente', callCount: loads * LIMIT });
  });
});
