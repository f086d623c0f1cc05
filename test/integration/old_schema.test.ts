import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { emptyOldSchema } from '../../scripts/servers/old_schema';
import { type OwnRedis, startOwnRedis } from '../helpers/redis';

// A server of its own, because emptying takes all that it holds.
let server: OwnRedis;
let admissions: Redis;
let calls: Redis;
beforeAll(async () => {
  server = await startOwnRedis();
  admissions = new Redis(server.url);
  calls = new Redis(new URL('/1', server.url).href);
});
afterAll(async () => {
  admissions.disconnect();
  calls.disconnect();
  await server.close();
});

/** Begins with this claim in both databases, and one key more in each. Returns what was printed, and the keys left. */
async function emptying(claim: string, { keyPrefix = '' } = {}) {
  await admissions.flushall();
  for (const redis of [admissions, calls]) await redis.mset(`${keyPrefix}partitions`, claim, 'kept', 'yes');
  const written: string[] = [];
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  const url = server.url.replace(/\/0$/, '');
  const wasEmptied = await emptyOldSchema(url, { keyPrefix }).finally(() => stdout.mockRestore());
  return { wasEmptied, notice: written.join(''), keys: (await admissions.dbsize()) + (await calls.dbsize()) };
}

test.each(['1', '16'])(
  'npm start: a private Redis that is claimed by the bare number %s, emptied',
  async (claim) => {
    const { wasEmptied, notice, keys } = await emptying(claim);

    expect({ wasEmptied, keys }).toEqual({ wasEmptied: true, keys: 0 });
    expect(notice).toContain('older version');
  },
);

test('npm start: a private Redis of the first schema under a key prefix, emptied', async () => {
  expect(await emptying('1', { keyPrefix: 'site:' })).toMatchObject({ wasEmptied: true, keys: 0 });
});

test.each(['schema 2', 'schema 10'])('npm start: a private Redis of %s, left as it is', async (claim) => {
  expect(await emptying(claim)).toEqual({ wasEmptied: false, notice: '', keys: 4 });
});
