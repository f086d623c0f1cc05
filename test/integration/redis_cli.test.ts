import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { provided } from '../helpers/environment';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

const run = promisify(execFile);

let space: RedisSpace;
let daemon: TestDaemon;
beforeAll(async () => {
  space = openRedisSpace();
  daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix });
  await daemon.client.admit({ subject: '42', policy: 'connection', requestId: REQUEST_ID });
  // Each id would be remembered under a key of its own.
  await daemon.client.admit({ subject: '42', policy: 'service-call', requestId: '' });
  await daemon.client.admit({ subject: '192.0.2.7', policy: 'login-attempt', requestId: '' });
  await daemon.client.recordCall({ subject: '42', service: 'vente', requestId: '' });
  await daemon.client.stats();
});
afterAll(async () => {
  await daemon.stop();
  await space.close();
});

const REQUEST_ID = randomUUID();

/** What an operator sees who types it. */
async function redisCli(database: number, ...command: string[]): Promise<string[]> {
  const url = new URL(`/${database}`, space.url).href;
  const { stdout } = await run(provided('REDIS_CLI_PATH'), ['-u', url, ...command]);
  return stdout.trimEnd().split('\n');
}

async function keysOf(database: number): Promise<string[]> {
  const keys = await redisCli(database, 'KEYS', `${space.prefix}*`);
  return keys.map((key) => key.slice(space.prefix.length)).sort();
}

describe('redis-cli', () => {
  test('database 0, the admissions and the connections', async () => {
    expect(await keysOf(0)).toEqual([
      'connections:{0}:counts:259200000',
      'connections:{0}:log',
      'connections:{0}:progress:259200000',
      'connections:{0}:recent',
      'decisions:{0}:by-hour',
      'decisions:{0}:log',
      'partitions',
      'probe:{0}',
      'quota:{0}:connection:per-window:42',
      'quota:{0}:login-attempt:burst:192.0.2.7',
      'quota:{0}:service-call:per-window:42',
      `requests:{0}:admit:connection:${REQUEST_ID}:42`,
    ]);
  });

  test('database 1, the calls of the services', async () => {
    expect(await keysOf(1)).toEqual([
      'calls:{0}:by-service',
      'calls:{0}:by-subject',
      'calls:{0}:log',
      'probe:{0}',
    ]);
    expect(
      await redisCli(1, 'ZRANGE', `${space.prefix}calls:{0}:by-service`, '0', '-1', 'WITHSCORES'),
    ).toEqual(['vente', '1']);
    const [, ...fields] = await redisCli(1, 'XRANGE', `${space.prefix}calls:{0}:log`, '-', '+');
    expect(fields.slice(0, 5)).toEqual(['subject', '42', 'service', 'vente', 'call_ms']);
  });

  test('a sliding window, one member a token, gone a window after the last', async () => {
    const key = `${space.prefix}quota:{0}:connection:per-window:42`;

    const [tokens, lifetimeMs] = await Promise.all([redisCli(0, 'ZCARD', key), redisCli(0, 'PTTL', key)]);

    expect(tokens).toEqual(['1']);
    expect(Number(lifetimeMs)).toBeGreaterThan(590_000);
    expect(Number(lifetimeMs)).toBeLessThanOrEqual(600_001);
  });
});
