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

/** Keys of the statistics, which are made from the logs, sooner or later. */
const isElsewhere = (key: string) => /^(usage|connections|denials):|^fleet:\{0\}:member/.test(key);

describe('redis-cli', () => {
  test('database 0 holds what was taken and the log of it', async () => {
    expect((await keysOf(0)).filter((key) => !isElsewhere(key))).toEqual([
      'admissions:{0}:connection',
      'admissions:{0}:login-attempt',
      'admissions:{0}:service-call',
      'bucket:{0}:login-attempt:burst:192.0.2.7',
      'control:{0}',
      'partitions',
      'probe:{0}',
      'taken:{0}:connection:42',
      'taken:{0}:login-attempt:192.0.2.7',
      'taken:{0}:service-call:42',
    ]);
  });

  test('the log of admissions shows who was admitted and what it cost', async () => {
    const [id, ...fields] = await redisCli(0, 'XRANGE', `${space.prefix}admissions:{0}:connection`, '-', '+');

    expect(id).toMatch(/^\d{16}-0$/);
    expect(fields).toEqual(['42', '1']);
  });

  test('database 1 holds the calls of the services', async () => {
    expect(await keysOf(1)).toEqual([
      'calls:{0}:by-service',
      'calls:{0}:by-subject',
      'calls:{0}:log',
      'control:{0}',
      'partitions',
      'probe:{0}',
    ]);
    expect(
      await redisCli(1, 'ZRANGE', `${space.prefix}calls:{0}:by-service`, '0', '-1', 'WITHSCORES'),
    ).toEqual(['vente', '1']);
    const [, ...fields] = await redisCli(1, 'XRANGE', `${space.prefix}calls:{0}:log`, '-', '+');
    expect(fields).toEqual(['42', expect.stringMatching(/^vente \d{13}$/)]);
  });

  test('a sliding window, one member a token is gone a window and a quarter after the last at the latest', async () => {
    const key = `${space.prefix}taken:{0}:connection:42`;

    const [tokens, lifetimeMs] = await Promise.all([redisCli(0, 'ZCARD', key), redisCli(0, 'PTTL', key)]);

    expect(tokens).toEqual(['1']);
    expect(Number(lifetimeMs)).toBeGreaterThan(600_000);
    expect(Number(lifetimeMs)).toBeLessThanOrEqual(750_001);
  });

  test('the id of a request, its bytes are the member and the microsecond its score', async () => {
    const key = `${space.prefix}taken:{0}:connection:42`;
    const id = Buffer.from(REQUEST_ID.replaceAll('-', ''), 'hex');

    const score = Number(await space.admissions.zscore(key, id));

    expect(Math.abs(score / 1000 - Date.now())).toBeLessThan(600_000);
  });
});
