import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { readLibrary } from '../../daemon/redis/library';
import { pack, unpack } from '../../daemon/redis/packing';
import { forBattery, setClock } from '../helpers/lua/battery';
import { type OwnRedis, startOwnRedis } from '../helpers/redis';

const MINUTE_US = 60_000_000;
const DAY_US = 24 * 60 * MINUTE_US;
const START_US = 1_700_000_000_000_000;

let server: OwnRedis;
let redis: Redis;
let version: string;
beforeAll(async () => {
  server = await startOwnRedis();
  redis = new Redis(server.url);
  const library = readLibrary(forBattery);
  version = library.version;
  await redis.function('LOAD', library.source);
});
afterAll(async () => {
  redis.disconnect();
  await server.close();
});
beforeEach(() => redis.flushall());

interface Announced {
  readonly afterUs: number;
  readonly retainUs: number;
  /** As a daemon announces that is new; others repeat what they have announced. */
  readonly algorithm?: string;
}

/** Announces a policy at a time; how long its takings are kept from then on, and since when its limit is another one. */
async function announce({ afterUs, retainUs, algorithm }: Announced) {
  await setClock(redis, START_US + afterUs);
  const shape = ['w', algorithm ?? 'any', MINUTE_US];
  const args = ['control', pack([['tried', retainUs, shape]]), algorithm === undefined ? 0 : 1];
  const reply = (await redis.callBuffer('FCALL', [`quota_announce_${version}`, 1, ...args])) as Buffer;
  const converted = unpack(reply) as unknown[];
  return {
    retainUs: Number(await redis.hget('control', 'retain:tried')),
    convertedUs: Array.isArray(converted) && converted.length > 0 ? Number(converted[2]) : undefined,
  };
}

describe('announced times', () => {
  test('a longer time holds for as long as it is, and ten minutes, after the last daemon that asked for it', async () => {
    const [long, short] = [20 * MINUTE_US, 5 * MINUTE_US];
    const kept = [];
    await announce({ afterUs: 0, retainUs: long });
    for (const afterUs of [10 * MINUTE_US + 1, 20 * MINUTE_US + 1, 30 * MINUTE_US, 30 * MINUTE_US + 1])
      kept.push((await announce({ afterUs, retainUs: short })).retainUs);

    expect(kept).toEqual([long, long, long, short]);
  });

  test.each([
    ['a day, if takings are kept for less', MINUTE_US, DAY_US],
    ['two days, if takings are kept for as long', 2 * DAY_US, 2 * DAY_US],
  ])('what another algorithm has left is looked for during %s', async (_, retainUs, lastsUs) => {
    const since = [];
    await announce({ afterUs: -1, retainUs, algorithm: 'token-bucket' });
    await announce({ afterUs: 0, retainUs, algorithm: 'sliding-window' });
    for (const afterUs of [MINUTE_US + 1, DAY_US, lastsUs, lastsUs + 1])
      since.push((await announce({ afterUs, retainUs })).convertedUs);

    expect(since).toEqual([START_US, START_US, START_US, undefined]);
  });
});
