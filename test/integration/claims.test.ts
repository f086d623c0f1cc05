import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { StoreMismatch } from '../../daemon/quota/errors';
import { claimStore, readPartitions } from '../../daemon/redis/claims';
import { createKeys } from '../../daemon/redis/keys';
import { openLimitStore, policyOf } from '../helpers/limit_store';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
beforeAll(() => {
  space = openRedisSpace();
});
afterAll(() => space.close());

beforeEach(() => space.clear());

const keysIn = (partitions: number) => createKeys({ prefix: space.prefix, partitions });
const claim = (partitions: number) => claimStore(space.admissions, keysIn(partitions), partitions);

/** The start of a daemon of schema 1: returns the store's schema number, if it is another. */
async function claimAsSchema1(partitions: number): Promise<string | undefined> {
  const { schema } = keysIn(partitions);
  await space.admissions.set(schema, partitions, 'NX');
  const kept = await space.admissions.get(schema);
  return Number(kept) !== partitions ? String(kept) : undefined;
}

describe('the claim of a store', () => {
  test('of schema 1, is rejected and names both schemas', async () => {
    await claimAsSchema1(1);

    await expect(claim(1)).rejects.toThrow(
      new StoreMismatch(
        'the store holds data of schema 1, and this daemon needs schema 2: use the version that wrote it, or an empty database',
      ),
    );
    expect(await space.admissions.exists(keysIn(1).control(0))).toBe(0);
  });

  test('of a later schema, is rejected and names both schemas', async () => {
    await space.admissions.set(keysIn(1).schema, 'schema 3');

    await expect(claim(1)).rejects.toThrow(/data of schema 3, and this daemon needs schema 2/);
  });

  test.each([1, 2, 1024])(
    'of this schema, makes a daemon of schema 1 with %i partitions refuse to start',
    async (partitions) => {
      await claim(partitions);

      expect(await claimAsSchema1(partitions)).toBe('schema 2');
    },
  );

  test('with another number of partitions, is rejected and changes nothing', async () => {
    const claims = await claim(2);

    await expect(claim(4)).rejects.toThrow('QUOTA_PARTITIONS is 4, but this store was started with 2');
    expect(await claim(2)).toEqual(claims);
    expect(await readPartitions(space.admissions, space.prefix)).toBe(2);
  });

  test('that has another epoch than the call expects decides nothing', async () => {
    const store = await openLimitStore(space);
    await space.admissions.del(store.keys.control(0));
    await openLimitStore(space);
    const policy = policyOf([{ name: 'window', algorithm: 'sliding-window', limit: 3, windowMs: 60_000 }]);

    const failure = await store.admit({ policy, subject: '42' }).catch((error) => error);

    expect(failure).toMatchObject({
      name: 'StoreUnavailable',
      cause: { message: expect.stringMatching(/^STALECLAIM/) },
    });
    expect(await space.admissions.exists(store.keys.taken(policy.name, '42'))).toBe(0);
  });
});
