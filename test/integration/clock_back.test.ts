import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Policy } from '../../daemon/quota/policies';
import { claimStore } from '../../daemon/redis/claims';
import { createKeys, type Keys } from '../../daemon/redis/keys';
import { admitAll } from '../../daemon/redis/limits/admit';
import { createEncoder } from '../../daemon/redis/limits/encoder';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
let keys: Keys;
beforeAll(() => {
  space = openRedisSpace();
  keys = createKeys({ prefix: space.prefix, partitions: 1 });
});
afterAll(() => space.close());

const AHEAD_US = 3_600_000_000;
const WINDOW_US = 600_000_000;

const policy: Policy = {
  name: 'connection',
  limits: [{ name: 'per-window', algorithm: 'sliding-window', limit: 3, windowMs: WINDOW_US / 1000 }],
  recordsConnections: true,
  onStoreFailure: 'deny',
  rememberMs: 600_000,
};

async function admit(subject: string) {
  const [claim = ''] = await claimStore(space.admissions, keys, 1);
  const admission = { subject, policy: policy.name, cost: 1, requestId: undefined };
  const place = { redis: space.admissions, keys, encoder: createEncoder(keys), partition: 0, claim };
  const { outcomes, nowUs } = await admitAll(place, [
    { admission, policy, deadlineUs: undefined, wantsIds: false },
  ]);
  const [outcome] = outcomes;
  if (outcome === undefined || outcome instanceof Error) throw outcome;
  return { decision: outcome.decision, nowUs };
}

/** What a subject took while the clock was an hour ahead: its takings, and its place in the log. */
async function takeAhead(subject: string, count: number): Promise<void> {
  const aheadUs = Date.now() * 1000 + AHEAD_US;
  for (let token = 0; token < count; token += 1) {
    await space.admissions.zadd(
      keys.taken(policy.name, subject),
      String(aheadUs + token),
      randomUUID().slice(0, 16),
    );
  }
  await space.admissions.xadd(keys.admissions(0, policy.name), `${aheadUs}-*`, subject, '1');
}

async function newestUs(subject: string): Promise<number> {
  const [, score] = await space.admissions.zrange(keys.taken(policy.name, subject), '-1', '-1', 'WITHSCORES');
  return Number(score);
}

describe('a clock that has gone back', () => {
  test('an admission: what was taken in the future counts as taken now', async () => {
    const subject = randomUUID();
    await takeAhead(subject, 2);

    const { decision, nowUs } = await admit(subject);

    expect(decision).toMatchObject({ admitted: true, limits: [{ remaining: 0, nextDelayUs: WINDOW_US }] });
    expect(await newestUs(subject)).toBe(nowUs);
  });

  test('a denial: nobody waits longer than one window', async () => {
    const subject = randomUUID();
    await takeAhead(subject, 3);

    const { decision, nowUs } = await admit(subject);

    expect(decision).toMatchObject({ admitted: false, retryDelayUs: WINDOW_US });
    expect(await newestUs(subject)).toBe(nowUs);
  });

  test('the log: an admission is found under its own time', async () => {
    const subject = randomUUID();
    await takeAhead('another', 1);

    const { nowUs } = await admit(subject);

    const [last] = await space.admissions.xrevrange(keys.admissions(0, policy.name), '+', '-', 'COUNT', 1);
    expect(last?.[1]).toEqual(['', String(nowUs), subject, '1']);
  });
});
