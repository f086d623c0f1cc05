import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { failingPolicies } from '../helpers/failing_policies';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { parsePrometheusText } from '../helpers/prometheus_text';
import { admitInTheEnd, failureOf, type QuotaClient } from '../helpers/quota_client';

const opened = closedAfterEach();

async function start() {
  const redis = await opened.store();
  const daemon = await opened.daemon({ redisUrl: redis.url, policies: failingPolicies('deny') });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');
  return { redis, daemon, health };
}

const METHODS: [string, (client: QuotaClient) => Promise<unknown>][] = [
  ['Admit', (client) => client.admit({ subject: '42', policy: 'connection' })],
  ['RecordCall', (client) => client.recordCall({ subject: '42', service: 'vente' })],
  ['Stats', (client) => client.stats()],
];

describe('a daemon whose store answers nothing', () => {
  test.each(METHODS)('%s is UNAVAILABLE with when to try again', async (_, call) => {
    const { redis, daemon } = await start();
    redis.freeze();

    expect(await failureOf(call(daemon.client))).toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'STORE_UNAVAILABLE',
      retryDelayMs: expect.any(Number),
    });
  });

  test('a batch gets UNAVAILABLE for each of its requests', async () => {
    const { redis, daemon } = await start();
    redis.freeze();
    const requests = ['1', '2'].map((subject) => ({ subject, policy: 'connection' }));

    const { results } = await daemon.client.batchAdmit(requests);

    expect(results.map(({ result }) => result)).toMatchObject(
      Array(2).fill({ $case: 'error', value: { code: status.UNAVAILABLE } }),
    );
  });

  test('a batch of a thousand is answered all together', async () => {
    const { redis, daemon } = await start();
    redis.freeze();
    const requests = Array.from({ length: 1000 }, (_, i) => ({ subject: String(i), policy: 'connection' }));

    const { results } = await daemon.client.batchAdmit(requests);

    expect(results.map(({ result }) => result)).toMatchObject(
      Array(1000).fill({ $case: 'error', value: { code: status.UNAVAILABLE } }),
    );
    const metrics = await (await fetch(`${daemon.httpUrl}/metrics`)).text();
    const asked = parsePrometheusText(metrics).get('quota_store_errors_total')?.samples;
    expect(asked?.get('quota_store_errors_total{kind="no_answer"}')).toBe(1000);
  });

  test('the first caller during the freeze gets an answer within a second', async () => {
    const { redis, daemon, health } = await start();
    const tookMs: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      await health.reached('SERVING');
      redis.freeze();
      const askedMs = performance.now();
      await failureOf(daemon.client.admit({ subject: '42', policy: 'connection' }));
      tookMs.push(performance.now() - askedMs);
      await health.reached('NOT_SERVING');
      redis.thaw();
    }

    // The best of three: a busy machine may hold one of them up.
    expect(Math.min(...tookMs)).toBeLessThan(1000);
  });

  test('a full quota that is asked for again and again never gets a denial that nobody decided', async () => {
    const { redis, daemon, health } = await start();
    const request = { subject: '42', policy: 'connection' };
    for (let i = 0; i < 10; i += 1) await admitInTheEnd(daemon.client, request);
    redis.freeze();
    const codes = new Set<number>();
    // Long enough to meet the silent connection, its closing, and the attempts to make it anew.
    for (const endMs = Date.now() + 2500; Date.now() < endMs; )
      codes.add((await failureOf(daemon.client.admit(request))).code);
    await health.reached('NOT_SERVING');

    expect([...codes]).toEqual([status.UNAVAILABLE]);
  });

  test('the health is NOT_SERVING until the store answers again', async () => {
    const { redis, health } = await start();

    redis.freeze();
    await health.reached('NOT_SERVING');
    redis.thaw();
    await health.reached('SERVING');

    expect(health.seen.slice(-3)).toEqual(['SERVING', 'NOT_SERVING', 'SERVING']);
  });

  test('a request that is repeated after the thaw is decided on what was taken before and taken once', async () => {
    const { redis, daemon, health } = await start();
    const request = { subject: '42', policy: 'connection' };
    for (let i = 0; i < 4; i += 1) await admitInTheEnd(daemon.client, request);
    const repeated = { ...request, requestId: randomUUID() };
    redis.freeze();
    for (let i = 0; i < 3; i += 1) await failureOf(daemon.client.admit(repeated));
    await health.reached('NOT_SERVING');
    redis.thaw();
    await health.reached('SERVING');

    // On a Cluster the partition of the subject may be the last to be found.
    const answers = [
      await admitInTheEnd(daemon.client, repeated),
      await admitInTheEnd(daemon.client, request),
    ];

    expect(answers.map(({ decision, limits }) => [decision, limits[0]?.remaining])).toEqual([
      [Decision.ADMITTED, 5],
      [Decision.ADMITTED, 4],
    ]);
  });
});
