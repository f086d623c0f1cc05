import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { firstAttempt, openRedis } from '../../daemon/redis/client';
import { provided } from '../helpers/environment';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

/** Longer than a command, or a connection, may be silent. */
const STALL_MS = 1500;

async function open(url: string) {
  const logger = pino({ level: 'silent' });
  const redis = opened.closed(openRedis({ url, name: 'test', logger }), (each) => each.disconnect());
  await firstAttempt(redis);
  return redis;
}

/** Nothing of this process runs for so long. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('a process that was stopped beside a healthy Redis', () => {
  test('the commands that were on their way are all answered', async () => {
    const redis = await open(provided('TEST_REDIS_URL'));

    const answers = Promise.allSettled(Array.from({ length: 100 }, () => redis.ping()));
    stall(STALL_MS);

    expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set(['fulfilled']));
  });

  test('its connection is still open', async () => {
    const redis = await open(provided('TEST_REDIS_URL'));
    let closedCount = 0;
    redis.on('close', () => {
      closedCount += 1;
    });

    const answer = redis.ping();
    stall(STALL_MS);
    await answer;
    await redis.ping();

    expect(closedCount).toBe(0);
  });
});

describe('a Redis that is silent', () => {
  test('gives up a command', async () => {
    const server = await opened.redis();
    const redis = await open(server.url);
    server.freeze();

    await expect(redis.ping()).rejects.toThrow('no answer within 300 ms');
    server.thaw();
  });

  test('closes its connection and makes a new one', async () => {
    const server = await opened.redis();
    const redis = await open(server.url);
    const closed = new Promise((resolve) => redis.once('close', resolve));
    server.freeze();
    await redis.ping().catch(() => undefined);

    await closed;
    server.thaw();
    await new Promise((resolve) => redis.once('ready', resolve));

    expect(await redis.ping()).toBe('PONG');
  });
});
