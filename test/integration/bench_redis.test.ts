import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { runPipelined } from '../bench/load/pipelined';
import { functionUs } from '../bench/redis/slow_log';
import { captureTemplate, RANDOM, SUBJECT } from '../bench/redis/template';
import { type OwnRedis, startOwnRedis } from '../helpers/redis';

let server: OwnRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startOwnRedis();
  redis = new Redis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server.close();
});

describe('captureTemplate', () => {
  test('captureTemplate: a call of a script gives the bytes that were sent', async () => {
    const bytes = Buffer.from([0, 255, 92, 34, 13, 10, 32, 97]);
    const sha = String(await redis.script('LOAD', "return redis.call('PING')"));
    const template = await captureTemplate(server.port, async () => {
      await redis.set('other', SUBJECT);
      await redis.evalsha(sha, 1, SUBJECT, bytes);
    });
    const [command, ...parts] = template;
    expect(String(command).toLowerCase()).toBe('evalsha');
    expect(parts).toEqual([Buffer.from(sha), Buffer.from('1'), Buffer.from(SUBJECT), bytes]);
  });

  test('captureTemplate: no call of a script throws', async () => {
    const act = () => redis.set('other', SUBJECT);
    await expect(captureTemplate(server.port, act)).rejects.toThrow('called no script or function');
  });
});

describe('runPipelined', () => {
  const order = { kind: 'pipelined', pipeline: 32, connections: 3, count: 320, numbers: 1e11 } as const;

  test('runPipelined: calls with bytes of zero have each a number of its own', async () => {
    const command = ['SADD', 'members', `a\0${RANDOM}\0z`].map((part) => Buffer.from(part));
    await runPipelined({ ...order, port: server.port, command });
    const members = await redis.smembers('members');
    expect(members).toHaveLength(320);
    expect(members.every((member) => /^a\0\d{12}\0z$/.test(member))).toBe(true);
  });

  test('runPipelined: an error that Redis answers is thrown', async () => {
    await redis.set('text', 'no set');
    const command = ['SADD', 'text', RANDOM].map((part) => Buffer.from(part));
    await expect(runPipelined({ ...order, port: server.port, command })).rejects.toThrow(
      'Redis says -WRONGTYPE',
    );
  });
});

describe('functionUs', () => {
  test('adds up the time of the calls of one function, whatever its version', async () => {
    const busy = 'function() local sum = 0 for i = 1, 10000 do sum = sum + i end return sum end';
    const named = (name: string) => `redis.register_function('quota_${name}_1a2b', ${busy})`;
    await redis.function('LOAD', `#!lua name=timed\n${named('fold')}\n${named('folder')}`);
    const work = async () => {
      for (let call = 0; call < 3; call += 1) await redis.fcall('quota_fold_1a2b', 0);
      return 'done';
    };

    const [fold, other] = [await functionUs(redis, 'fold', work), await functionUs(redis, 'folder', work)];

    expect(fold.us).toBeGreaterThan(0);
    expect(other.us).toBe(0);
    expect(fold.result).toBe('done');
  });
});
