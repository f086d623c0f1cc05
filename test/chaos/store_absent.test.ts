import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { failingPolicies } from '../helpers/failing_policies';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd, failureOf } from '../helpers/quota_client';

const opened = closedAfterEach();

const connection = { subject: '42', policy: 'connection' };

async function startOn(redisUrl: string) {
  const daemon = await opened.daemon({ redisUrl, policies: failingPolicies('deny') });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  return { client: daemon.client, health };
}

describe('a daemon that starts before its store', () => {
  test('meanwhile it is NOT_SERVING and UNAVAILABLE, and says when to try again', async () => {
    const redis = await opened.store();
    await redis.kill();
    const { client, health } = await startOn(redis.url);

    await health.reached('NOT_SERVING');
    expect(await failureOf(client.admit(connection))).toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'STORE_UNAVAILABLE',
      retryDelayMs: expect.any(Number),
    });
  });

  test('serves by itself once the store comes', async () => {
    const redis = await opened.store();
    await redis.kill();
    const { client, health } = await startOn(redis.url);
    await health.reached('NOT_SERVING');
    await redis.start();
    await health.reached('SERVING');

    // On a Cluster the partition of the subject may be the last to be found.
    expect((await admitInTheEnd(client, connection)).decision).toBe(Decision.ADMITTED);
  });

  test('the store accepts connections and says nothing, listens all the same and serves after the thaw', async () => {
    const redis = await opened.store();
    redis.freeze();
    const { client, health } = await startOn(redis.url);
    const { code } = await failureOf(client.admit(connection));
    redis.thaw();
    await health.reached('SERVING');

    expect(code).toBe(status.UNAVAILABLE);
    expect((await admitInTheEnd(client, connection)).decision).toBe(Decision.ADMITTED);
  });
});
