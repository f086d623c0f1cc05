import { describe, expect, test } from '@jest/globals';
import { ReplyError } from 'ioredis';
import { StoreUnavailable } from '../../../../daemon/quota/errors';
import { translateFailure } from '../../../../daemon/redis/failures';

const reply = (message: string): Error => new (ReplyError as ErrorConstructor)(message);

describe('translateFailure', () => {
  test.each([
    ['a lost connection', new Error('Connection is closed.')],
    ['a slot that moves', reply('TRYAGAIN Multiple keys request during rehashing of slot')],
    [
      'a key that a script removed while its slot moves',
      reply(
        'ERR Script attempted to access a non local key in a cluster node script: admit, on @user_function:12.',
      ),
    ],
  ])('%s means that the store is unavailable', (_, error) => {
    expect(translateFailure(error)).toEqual(new StoreUnavailable({ cause: error }));
  });

  test.each(['ERR value is not an integer or out of range', 'WRONGTYPE Operation against a key'])(
    'a bug is returned unchanged: %s',
    (message) => {
      const error = reply(message);
      expect(translateFailure(error)).toBe(error);
    },
  );
});
