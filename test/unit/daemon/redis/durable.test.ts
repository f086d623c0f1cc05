import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { StoreUnavailable } from '../../../../daemon/quota/errors';
import { createDurable } from '../../../../daemon/redis/durable';
import { createKeys } from '../../../../daemon/redis/keys';

const keys = createKeys({ prefix: 'p:', partitions: 2 });

/** A connection that records what it is sent, and answers the waits on demand. */
function fakeRedis({ isForDisk = true, replicas = 0 } = {}) {
  const sent: string[] = [];
  const waits: { resolve: (reply: unknown) => void; reject: (error: Error) => void }[] = [];
  const refused = new Set<string>();
  const redis = {
    isCluster: false,
    stream: {},
    async set(key: string) {
      sent.push(`SET ${key}`);
      if (refused.has(key)) throw new Error('no');
      return 'OK';
    },
    call(name: string, ...args: unknown[]) {
      sent.push([name, ...args].join(' '));
      return new Promise((resolve, reject) => waits.push({ resolve, reject }));
    },
  };
  const wait = { isForDisk, replicas };
  const durable = createDurable({ database: redis as unknown as Redis, keys, wait });
  return {
    sent,
    /** Refuses to set a key. */
    refuse: (key: string) => refused.add(key),
    reconnect() {
      redis.stream = {};
    },
    run: <Result>(write: () => Promise<Result>, partition = 0) => durable.run(partition, write),
    write: (name: string) => async () => {
      sent.push(name);
      return name;
    },
    async answer(...replies: unknown[]) {
      for (const reply of replies) {
        const wait = waits.shift();
        if (reply instanceof Error) wait?.reject(reply);
        else wait?.resolve(reply);
      }
      // The writes may need a turn of their own.
      await turn();
      await turn();
    },
  };
}

const ON_DISK = [1, 0];
const MARK = ['SET p:probe:{0}:durable', 'WAITAOF 1 0 2000'];

describe('durable writes', () => {
  test('a write is sent together with a mark and the wait', async () => {
    const { run, sent, write, answer } = fakeRedis();
    const { result, confirmed } = run(write('a'));

    expect(sent).toEqual(['a', ...MARK]);
    expect(await result).toBe('a');
    await answer(ON_DISK);
    await confirmed;
  });

  test('writes that come while a wait goes on are sent after it, and share one wait', async () => {
    const { run, sent, write, answer } = fakeRedis();
    run(write('a'));
    const [b, c] = [run(write('b')), run(write('c'))];
    expect(sent).toEqual(['a', ...MARK]);

    await answer(ON_DISK);
    expect(sent).toEqual(['a', ...MARK, 'b', 'c', ...MARK]);
    await answer(ON_DISK);
    await Promise.all([b.confirmed, c.confirmed]);
  });

  test.each([
    ['expires', [0, 0]],
    ['fails', new Error('ERR unknown command')],
  ])(
    'a wait that %s leaves the outcome of its group unknown, and not that of the next one',
    async (_, reply) => {
      const { run, write, answer } = fakeRedis();
      const first = run(write('a'));
      const second = run(write('b'));

      await answer(reply);
      await expect(first.confirmed).rejects.toThrow(StoreUnavailable);
      expect(await first.result).toBe('a');
      await answer(ON_DISK);
      await second.confirmed;
    },
  );

  test('a write whose reply is a few steps behind that of the wait is waited for once', async () => {
    const { run, sent, answer } = fakeRedis();
    let reply: () => void = () => undefined;
    const { confirmed } = run(async () => {
      await new Promise<void>((resolve) => {
        reply = resolve;
      });
      for (let step = 0; step < 20; step += 1) await undefined;
    });
    reply();
    await answer(ON_DISK);
    await confirmed;

    expect(sent).toEqual(MARK);
  });

  test('a write that ends behind the wait, as it was sent again, is waited for once more', async () => {
    const { run, sent, answer } = fakeRedis();
    let finish: () => void = () => undefined;
    const again = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { confirmed } = run(() => again);
    let isConfirmed = false;
    confirmed.then(() => {
      isConfirmed = true;
    });

    await answer(ON_DISK);
    expect(isConfirmed).toBe(false);
    finish();
    await turn();
    await answer(ON_DISK);

    await confirmed;
    expect(sent.filter((command) => command.startsWith('WAITAOF'))).toHaveLength(2);
  });

  test('a write that fails reports its error to its caller alone', async () => {
    const { run, write, answer } = fakeRedis();
    run(write('a'));
    const failing = run(() => Promise.reject(new Error('no')));
    const other = run(write('b'));
    await answer(ON_DISK);
    await expect(failing.result).rejects.toThrow('no');
    await answer(ON_DISK);

    expect(await other.result).toBe('b');
    await other.confirmed;
  });

  test('a partition whose mark fails is not confirmed, the others of its group are', async () => {
    const { run, write, answer, refuse } = fakeRedis();
    refuse('p:probe:{1}:durable');
    run(write('first'));
    const [marked, unmarked] = [run(write('a'), 0), run(write('b'), 1)];
    await answer(ON_DISK);
    await answer(ON_DISK);

    await marked.confirmed;
    await expect(unmarked.confirmed).rejects.toThrow(StoreUnavailable);
  });

  test('a wait that is answered on another connection confirms nothing', async () => {
    const { run, write, answer, reconnect } = fakeRedis();
    const { confirmed } = run(write('a'));
    reconnect();
    await answer(ON_DISK);

    await expect(confirmed).rejects.toThrow(StoreUnavailable);
  });

  test('a write that waits for replicas is confirmed by as many, and by the disk if that is asked for too', async () => {
    const { run, sent, write, answer } = fakeRedis({ isForDisk: true, replicas: 2 });
    const [enough, few] = [run(write('a')), run(write('b'))];
    expect(sent.slice(-2)).toEqual(['WAITAOF 1 0 2000', 'WAIT 2 1000']);

    await answer(ON_DISK, 2);
    await enough.confirmed;
    await answer(ON_DISK, 1);
    await expect(few.confirmed).rejects.toThrow(StoreUnavailable);
  });
});
