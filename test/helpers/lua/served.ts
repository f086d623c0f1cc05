import { afterAll, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { readLibrary } from '../../../daemon/redis/library';
import { type OwnRedis, startOwnRedis } from '../redis';
import { forBattery, type Part, type Transcript, transcribe } from './battery';

type Change = (text: string, file: string) => string;

const unchanged: Change = (text) => text;

/** A Redis of a suite's own that is asked libraries in turn. */
export interface ServedLibraries {
  readonly redis: Redis;
  /** The version of a library that Redis has just loaded, as the battery asks it; undefined if it cannot load it. */
  load(change?: Change): Promise<string | undefined>;
  /** What the library answers to these parts after each other. */
  answersOf(version: string, parts: readonly Part[]): Promise<Transcript>;
}

/** Call it once in a suite. */
export function servedLibraries(): ServedLibraries {
  let server: OwnRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startOwnRedis();
    redis = new Redis(server.url);
    await redis.config('SET', 'appendonly', 'no');
    // A larger hash has no order, and what goes through it in turn would answer otherwise now and then.
    await redis.config('SET', 'hash-max-listpack-value', '4096');
    // So that logs of few entries have pages that can go.
    await redis.config('SET', 'stream-node-max-entries', '4');
  });
  afterAll(async () => {
    redis.disconnect();
    await server.close();
  });

  return {
    get redis() {
      return redis;
    },
    async load(change = unchanged) {
      const { source, version } = readLibrary((text, file) => forBattery(change(text, file), file));
      await redis.function('FLUSH');
      return redis.function('LOAD', source).then(
        () => version,
        () => undefined,
      );
    },
    async answersOf(version, parts) {
      await redis.flushall();
      return transcribe(redis, { version, parts });
    },
  };
}
