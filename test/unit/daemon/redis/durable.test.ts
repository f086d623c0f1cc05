import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { StoreUnavailable } from '../../../../daemon/quota/errors';
import { createDurable } from '../../../../daemon/redis/durable';

/** A connection that notes what it is sent, and answers the waits when it is told to. */
function fakeRedis() {
  const sent: string[] = [];
  const waits: { resolve: (reply: unknown) => void; reject: (error: Error) => void }[] = [];
  const redis = {
    async set(key: string) {
      sent.push(`SET ${key}`);
      return 'OK';
    },
    call(name: string, ...args: unknown[]) {
      sent.push([name, ...args].join(' '));
      return new Promise((resolve, reject) => waits.push({ resolve, reject }));
    },
  };
  return {
    durable: createDurable({ redis: redis as unknown as Redis, prefix: 'p:', timeoutMs: 50 }),
    sent,
    write: (name: string) => async () => {
      sent.push(name);
      return name;
    },
    async answer(reply: unknown) {
      const wait = waits.shift();
      if (reply instanceof Error) wait?.reject(reply);
      else wait?.resolve(reply);
      await turn();
    },
  };
}

const ON_DISK = [1, 0];
const MARK = ['SET p:probe:{0}:durable', 'WAITAOF 1 0 50'];

describe('durable writes', () => {
  test('a write, then a mark and the wait, sent together', async () => {
    const { durable, sent, write, answer } = fakeRedis();
    const { result, onDisk } = durable.run(write('a'));

    expect(sent).toEqual(['a', ...MARK]);
    expect(await result).toBe('a');
    await answer(ON_DISK);
    await onDisk;
  });

  test('writes that come while a wait goes on, sent after it, and with one wait for all of them', async () => {
    const { durable, sent, write, answer } = fakeRedis();
    durable.run(write('a'));
    const [b, c] = [durable.run(write('b')), durable.run(write('c'))];
    expect(sent).toEqual(['a', ...MARK]);

    await answer(ON_DISK);
    expect(sent).toEqual(['a', ...MARK, 'b', 'c', ...MARK]);
    await answer(ON_DISK);
    await Promise.all([b.onDisk, c.onDisk]);
  });

  test.each([
    ['that expires', [0, 0]],
    ['that fails', new Error('ERR unknown command')],
  ])('a wait %s: an unknown outcome for its group, and none for the next one', async (_, reply) => {
    const { durable, write, answer } = fakeRedis();
    const first = durable.run(write('a'));
    const second = durable.run(write('b'));

    await answer(reply);
    await expect(first.onDisk).rejects.toThrow(StoreUnavailable);
    expect(await first.result).toBe('a');
    await answer(ON_DISK);
    await second.onDisk;
  });

  test('a write that ends behind the wait, as it was sent again: waited for once more', async () => {
    const { durable, sent, answer } = fakeRedis();
    let finish: () => void = () => undefined;
    const again = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { onDisk } = durable.run(() => again);
    let isOnDisk = false;
    onDisk.then(() => {
      isOnDisk = true;
    });

    await answer(ON_DISK);
    expect(isOnDisk).toBe(false);
    finish();
    await turn();
    await answer(ON_DISK);

    await onDisk;
    expect(sent.filter((command) => command.startsWith('WAITAOF'))).toHaveLength(2);
  });

  test('a write that fails, its error for its caller alone', async () => {
    const { durable, write, answer } = fakeRedis();
    durable.run(write('a')).onDisk.catch(() => undefined);
    const failing = durable.run(() => Promise.reject(new Error('no')));
    const other = durable.run(write('b'));
    await answer(ON_DISK);
    await expect(failing.result).rejects.toThrow('no');
    await answer(ON_DISK);

    expect(await other.result).toBe('b');
    await other.onDisk;
  });
});
