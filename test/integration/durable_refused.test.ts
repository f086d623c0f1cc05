import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { closedAfterEach } from '../helpers/opened';
import { failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const POLICIES = `
policies:
  kept: { durable: true, limits: [{ name: n, algorithm: sliding-window, limit: 3, window: 10m }] }
  plain: { limits: [{ name: n, algorithm: sliding-window, limit: 3, window: 10m }] }
`;

test('with a Redis that cannot wait for its disk, what is durable is UNAVAILABLE and reported as at risk, and all else is answered', async () => {
  const server = await opened.redis();
  const redis = opened.closed(new Redis(server.url), (each) => each.disconnect());
  // A later version than 7.0 has WAITAOF, but not without the file.
  await redis.config('SET', 'appendonly', 'no');
  const daemon = await opened.daemon({ redisUrl: server.url, prefix: '', policies: POLICIES });
  const subject = randomUUID();

  expect(await failureOf(daemon.client.admit({ subject, policy: 'kept' }))).toMatchObject({
    code: status.UNAVAILABLE,
    reason: 'STORE_UNAVAILABLE',
  });
  expect(await daemon.client.admit({ subject, policy: 'plain' })).toMatchObject({ decision: 1 });
  await until('the report', () =>
    daemon.log.some(
      ({ msg, settings }) =>
        msg.startsWith('settings of redis put promises at risk') &&
        JSON.stringify(settings).includes('at risk'),
    ),
  );
});
