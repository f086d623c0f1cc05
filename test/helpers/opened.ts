import { afterEach } from '@jest/globals';
import { startDaemon, type TestDaemon, type TestDaemonOptions } from './daemon';
import { type OwnStore, startOwnStore } from './own_store';
import { type OwnRedis, openRedisSpace, type RedisSpace, startOwnRedis } from './redis';

type Close = () => unknown;

/** What a test opens is closed after it, the last first, whether it passed or not. */
export interface Opened {
  /** One server, whatever the suites run on. */
  redis(): Promise<OwnRedis>;
  /** A store of the test's own, of the kind that the suites run on. */
  store(): Promise<OwnStore>;
  space(): RedisSpace;
  daemon(options: TestDaemonOptions): Promise<TestDaemon>;
  /** Anything else, with the way to close it. */
  closed<T>(thing: T, close: (thing: T) => unknown): T;
}

/** Call it once at the top of a test file. */
export function closedAfterEach(): Opened {
  const closes: Close[] = [];
  afterEach(async () => {
    const failures: unknown[] = [];
    for (const close of closes.splice(0).reverse()) {
      await Promise.resolve()
        .then(close)
        .catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed');
  });

  function closed<T>(thing: T, close: (thing: T) => unknown): T {
    closes.push(() => close(thing));
    return thing;
  }

  return {
    closed,
    redis: async () => closed(await startOwnRedis(), (redis) => redis.close()),
    store: async () => closed(await startOwnStore(), (store) => store.close()),
    space: () => closed(openRedisSpace(), (space) => space.close()),
    daemon: async (options) => closed(await startDaemon(options), (daemon) => daemon.stop()),
  };
}
