import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { StoreUnavailable } from '../../daemon/quota/errors';
import { createKeys, type Keys } from '../../daemon/redis/keys';
import { callFunction } from '../../daemon/redis/library';
import { createOpening, type Opening } from '../../daemon/redis/opening';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';

let space: RedisSpace;
let keys: Keys;
let opening: Opening;
beforeEach(async () => {
  space = openRedisSpace();
  keys = createKeys({ prefix: space.prefix, partitions: 1 });
  opening = createOpening({
    redis: space.admissions,
    keys,
    partitions: 1,
    logger: pino({ level: 'silent' }),
    onOpen: async () => undefined,
  });
  await opening.open();
});
afterEach(() => space.close());

/** A call that finds another store than was claimed. */
function findEmptied(): Promise<unknown> {
  return opening.guard(async () => {
    await space.admissions.del(keys.control(0), keys.schema);
    const args = [opening.claimOf(0), Buffer.alloc(0), Buffer.alloc(0)];
    return callFunction(space.admissions, 'admit', { keys: [keys.control(0), keys.overrides(0)], args });
  });
}

describe('the opening of a store', () => {
  test('emptied meanwhile, the call fails and the store is claimed anew', async () => {
    const before = opening.claimOf(0);

    await expect(findEmptied()).rejects.toThrow(StoreUnavailable);

    expect(opening.claimOf(0)).not.toBe(before);
  });

  test('emptied, and it does not answer when it is claimed anew: closed, and tried again until it answers', async () => {
    jest.spyOn(space.admissions, 'get').mockRejectedValueOnce(new Error('no answer'));

    await expect(findEmptied()).rejects.toThrow(StoreUnavailable);

    expect(opening.isOpen()).toBe(false);
    expect(() => opening.claimOf(0)).toThrow(StoreUnavailable);
    await until('it is open again', () => opening.isOpen());
  });

  test('a store that was emptied, and claimed by another schema, is closed until it can be used again', async () => {
    await space.admissions.del(keys.schema);
    await space.admissions.set(keys.schema, 'schema 3');
    const found = opening.guard(async () => {
      await space.admissions.del(keys.control(0));
      const args = [opening.claimOf(0), Buffer.alloc(0), Buffer.alloc(0)];
      return callFunction(space.admissions, 'admit', { keys: [keys.control(0), keys.overrides(0)], args });
    });
    await expect(found).rejects.toThrow(StoreUnavailable);
    expect(opening.isOpen()).toBe(false);

    await space.admissions.del(keys.schema);

    await until('it is open again', () => opening.isOpen());
  });
});
