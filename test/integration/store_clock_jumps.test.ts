import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../helpers/opened';
import { describeWithShiftedClock, startShiftedRedis } from '../helpers/shifted_redis';

const opened = closedAfterEach();

const WINDOW_MS = 600_000;
const HOUR_MS = 3_600_000;
const LIMIT = 10;

async function open() {
  const redis = opened.closed(await startShiftedRedis(), (each) => each.close());
  // A denial is remembered for 250 ms of real time.
  const { client } = await opened.daemon({ redisUrl: redis.url, env: { QUOTA_DENIAL_CACHE: 'off' } });

  /** How many of so many requests of a user are admitted. */
  async function admittedOf(subject: string, count: number): Promise<number> {
    let admitted = 0;
    for (let at = 0; at < count; at += 1) {
      const { decision } = await client.admit({ subject, policy: 'connection' });
      admitted += Number(decision === Decision.ADMITTED);
    }
    return admitted;
  }

  const loginsOf = async (subject: string) => (await client.stats({ subject })).subjectUsage?.connectionCount;
  return { redis, client, admittedOf, loginsOf };
}

describeWithShiftedClock('a store whose clock jumps (needs a C compiler)', () => {
  test('a jump forward over a window frees all of the limit, and each login is counted once', async () => {
    const { redis, admittedOf, loginsOf } = await open();
    const taken = [await admittedOf('ada', LIMIT + 1)];
    redis.shift(WINDOW_MS - 60_000);
    taken.push(await admittedOf('ada', 1));
    redis.shift(60_000);
    taken.push(await admittedOf('ada', LIMIT + 1));

    expect(taken).toEqual([LIMIT, 0, LIMIT]);
    expect(await loginsOf('ada')).toBe(2 * LIMIT);
  });

  test('back by two hours, nothing comes back early, nor later than one window from then', async () => {
    const { redis, admittedOf, loginsOf } = await open();
    const taken = [await admittedOf('ada', LIMIT)];
    redis.shift(-2 * HOUR_MS);
    taken.push(await admittedOf('ada', 1));
    redis.shift(WINDOW_MS - 60_000);
    taken.push(await admittedOf('ada', 1));
    redis.shift(60_000);
    taken.push(await admittedOf('ada', LIMIT + 1));

    expect(taken).toEqual([LIMIT, 0, 0, LIMIT]);
    expect(await loginsOf('ada')).toBe(2 * LIMIT);
  });

  test('either way, a request is answered and its id is still known', async () => {
    const { redis, client } = await open();
    const request = { subject: 'ada', policy: 'connection', requestId: randomUUID() };
    const repeats: boolean[] = [];
    for (const shiftMs of [0, 60_000, -HOUR_MS, 60_000]) {
      redis.shift(shiftMs);
      repeats.push((await client.admit(request)).isRepeat);
    }

    expect(repeats).toEqual([false, true, true, true]);
  });
});
