import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { WatchDecisionsResponse } from '../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd, failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const POLICIES = `
services: [vente]
policies:
  connection:
    records: connections
    limits: [{ name: per-window, algorithm: sliding-window, limit: 3, window: 10m }]
  forgetful:
    remember: none
    limits: [{ name: burst, algorithm: token-bucket, limit: 3, window: 10m }]
`;

/** Two daemons on one store. */
async function start() {
  const space = opened.space();
  const options = { redisUrl: space.url, prefix: space.prefix, policies: POLICIES };
  return [await opened.daemon(options), await opened.daemon(options)] as const;
}

const newRequest = () => ({ subject: randomUUID(), policy: 'connection', requestId: randomUUID() });

describe('Refund', () => {
  test('through another daemon, given back once; the id stays refunded', async () => {
    const [one, other] = await start();
    const request = newRequest();
    await one.client.admit(request);

    expect(await other.client.refund(request)).toMatchObject({
      refunded: true,
      limits: [{ name: 'per-window', remaining: 3 }],
      degraded: false,
    });
    expect(await one.client.refund(request)).toMatchObject({ refunded: false });
    expect(await failureOf(one.client.admit(request))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'REFUNDED_REQUEST',
    });
    const { results } = await one.client.batchAdmit([request]);
    expect(results[0]?.result?.value).toMatchObject({ code: status.FAILED_PRECONDITION });
  });

  test('what cannot be refunded is rejected with the reason', async () => {
    const [{ client }] = await start();
    const request = newRequest();

    expect(await failureOf(client.refund(request))).toMatchObject({
      code: status.NOT_FOUND,
      reason: 'UNKNOWN_REQUEST',
    });
    expect(await failureOf(client.refund({ ...request, policy: 'connexion' }))).toMatchObject({
      code: status.NOT_FOUND,
      reason: 'UNKNOWN_POLICY',
    });
    expect(await failureOf(client.refund({ ...request, policy: 'forgetful' }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: expect.stringContaining('remembers none'),
    });
    expect(await failureOf(client.refund({ subject: '', policy: 'connection' }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: expect.stringMatching(/subject must be .*request_id is required/),
    });
  });

  test('an exhausted limit is admitted again by a daemon that remembers a denial once the refund is answered', async () => {
    const [one, other] = await start();
    const request = { ...newRequest(), cost: 3 };
    const { subject, policy } = request;
    await one.client.admit(request);
    // The other daemon remembers a denial from just before the refund; of what it frees, this takes one token at most.
    let isRefunded = false;
    const asking = (async () => {
      let decision = Decision.DENIED;
      while (!isRefunded && decision === Decision.DENIED)
        ({ decision } = await admitInTheEnd(other.client, { subject, policy }));
    })();
    await one.client.refund(request);
    const { decision } = await admitInTheEnd(other.client, { subject, policy });
    isRefunded = true;
    await asking;

    expect(decision).toBe(Decision.ADMITTED);
  });

  test('a refund is seen by watchers, in the metrics, and in the statistics', async () => {
    const [{ client, target, httpUrl }] = await start();
    const admin = opened.closed(createAdminClient(target), (each) => each.close());
    const request = newRequest();
    const { subject, policy } = request;
    const stream = admin.watchDecisions({ subject, decision: Decision.REFUNDED });
    const told: WatchDecisionsResponse[] = [];
    stream.on('data', (event: WatchDecisionsResponse) => told.push(event));
    stream.on('error', () => undefined);
    await once(stream, 'metadata');
    await client.admit({ subject, policy });
    await client.admit({ ...request, cost: 2 });
    await client.refund(request);
    await client.refund(request);
    await until('it is told', () => told.length > 0);
    stream.cancel();
    const { hours, subjectUsage } = await client.stats({ subject, hourCount: 2 });
    const metrics = await (await fetch(`${httpUrl}/metrics`)).text();

    expect(told).toMatchObject([
      { subject, policy, cost: 2, decision: Decision.REFUNDED, limits: [{ remaining: 2 }] },
    ]);
    expect(subjectUsage?.connectionCount).toBe(1);
    const counts = hours.flatMap(({ policies }) => policies).filter((each) => each.policy === policy);
    expect(counts.reduce((sum, { refundedCount }) => sum + refundedCount, 0)).toBe(1);
    expect(metrics).toContain('quota_refunds_total{policy="connection"} 1');
  });
});
