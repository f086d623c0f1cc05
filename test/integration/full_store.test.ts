import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { recordCalls } from '../../daemon/redis/usage/calls';
import { type OwnRedis, openRedisSpace, type RedisSpace, startOwnRedis } from '../helpers/redis';
import { append, CLAIM, claimedStore, countsOf, foldAll, folderOf } from '../helpers/usage';

const HOUR_MS = 3_600_000;

let server: OwnRedis;
let space: RedisSpace;
beforeAll(async () => {
  server = await startOwnRedis();
  space = openRedisSpace(server.url);
});
afterAll(async () => {
  await space.close();
  await server.close();
});

const call = { subject: 'ada', service: 'vente', requestId: undefined, callTimeMs: undefined };

describe('a store without memory', () => {
  test('logs are still folded and cut to size; a call, not dropped but refused', async () => {
    const store = await claimedStore(space);
    const logBytes = { connections: 70_000, others: 70_000 };
    const folder = folderOf(space, store, { windowsMs: () => [HOUR_MS], logBytes });
    const place = { calls: space.calls, keys: store.keys, partitions: 1, claim: CLAIM, logBytes: 1e6 };
    const record = async () => (await recordCalls(place, 0, [call])).recorded;
    expect(await record()).toEqual([true]);
    const nowMs = Date.now();
    await append(
      space,
      store,
      Array.from({ length: 5000 }, (_, at) => ({ subjects: ['ada'], atMs: nowMs - 9000 + at })),
    );
    await space.admissions.config('SET', 'maxmemory', '1');

    await foldAll(folder);
    await folder.fold(0, { isMeasuring: true });
    await foldAll(folder);
    await expect(record()).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await space.admissions.config('SET', 'maxmemory', '0');

    const log = store.keys.admissions(0, 'connection');
    expect(await countsOf(space, store, HOUR_MS)).toEqual({ ada: await space.admissions.xlen(log) });
    expect(await space.admissions.memory('USAGE', log)).toBeLessThanOrEqual(logBytes.connections);
    expect(await space.calls.zscore(store.keys.calls(0).bySubject, 'ada')).toBe('1');
    expect(await record()).toEqual([true]);
  });
});
