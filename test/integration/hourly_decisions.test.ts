import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Policy } from '../../daemon/quota/policies';
import { HOUR_MS } from '../../daemon/quota/usage';
import { admit } from '../../daemon/redis/admissions';
import { readHourlyDecisions } from '../../daemon/redis/hourly_decisions';
import { createKeys } from '../../daemon/redis/keys';
import { DECISION_HOURS_KEPT_MS } from '../../daemon/redis/retention';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
beforeEach(() => {
  space = openRedisSpace();
});
afterEach(() => space.close());

const policyOf = (name: string): Policy => ({
  name,
  limits: [{ name: 'window', algorithm: 'sliding-window', limit: 2, windowMs: HOUR_MS }],
  recordsConnections: false,
  onStoreFailure: 'deny',
});
const CONNECTION = policyOf('connection');
const CALL = policyOf('service-call');

const keysOf = (partitions = 1) => createKeys({ prefix: space.prefix, partitions });
const key = () => keysOf().decisionsByHour(0);

function decide(
  policy: Policy,
  {
    subject = 'ada',
    requestId,
    partitions,
  }: { subject?: string; requestId?: string; partitions?: number } = {},
) {
  const admission = { subject, policy: policy.name, cost: 1, requestId };
  return admit({ redis: space.admissions, keys: keysOf(partitions) }, admission, policy);
}

async function read({ hourCount = 1, partitions = 1, policies = ['connection', 'service-call'] } = {}) {
  return readHourlyDecisions(
    {
      redis: space.admissions,
      keys: keysOf(partitions),
      partitions: Array.from({ length: partitions }, (_, partition) => partition),
    },
    { hourCount, policies, readTimeMs: Date.now() },
  );
}

/** What was decided now: an hour may have begun since the test did. */
async function recent(options: { partitions?: number } = {}): Promise<Record<string, [number, number]>> {
  const sums: Record<string, [number, number]> = {};
  for (const { policies } of await read({ hourCount: 2, ...options })) {
    for (const { policy, admittedCount, deniedCount } of policies) {
      const [admitted, denied] = sums[policy] ?? [0, 0];
      sums[policy] = [admitted + admittedCount, denied + deniedCount];
    }
  }
  return sums;
}

describe('decisions by hour', () => {
  test('admissions and refusals of two policies, each in its place', async () => {
    for (let i = 0; i < 5; i += 1) await decide(CONNECTION);
    await decide(CALL);

    expect(await recent()).toEqual({ connection: [2, 3], 'service-call': [1, 0] });
  });

  test('a repeat of an admitted request id, not counted again', async () => {
    const requestId = randomUUID();
    for (let i = 0; i < 3; i += 1) await decide(CONNECTION, { requestId });

    expect(await recent()).toMatchObject({ connection: [1, 0] });
  });

  test('hours in which nothing was decided, told with nothing in them, the oldest first', async () => {
    const before = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

    const hours = await read({ hourCount: 168 });

    const last = hours.at(-1)?.startTimeMs ?? 0;
    expect(last).toBeGreaterThanOrEqual(before);
    expect(hours.map(({ startTimeMs }) => startTimeMs)).toEqual(
      Array.from({ length: 168 }, (_, index) => last - (167 - index) * HOUR_MS),
    );
    expect(hours[0]?.policies).toEqual([
      { policy: 'connection', admittedCount: 0, deniedCount: 0 },
      { policy: 'service-call', admittedCount: 0, deniedCount: 0 },
    ]);
  });

  test('what was counted in earlier hours, told in them', async () => {
    const current = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const threeHoursAgo = current - 3 * HOUR_MS;
    await space.admissions.hset(key(), `${threeHoursAgo}:connection:denied`, 7);

    const hours = await read({ hourCount: 5 });

    const hour = hours.find(({ startTimeMs }) => startTimeMs === threeHoursAgo);
    expect(hour?.policies[0]).toEqual({ policy: 'connection', admittedCount: 0, deniedCount: 7 });
  });

  test('a policy that is no longer asked for, left out', async () => {
    await decide(CONNECTION);

    const [hour] = await read({ policies: ['service-call'] });

    expect(hour?.policies.map(({ policy }) => policy)).toEqual(['service-call']);
  });

  test('no hours asked for, none', async () => {
    await decide(CONNECTION);

    expect(await read({ hourCount: 0 })).toEqual([]);
  });

  test('subjects of four partitions, summed', async () => {
    for (let user = 0; user < 20; user += 1) await decide(CALL, { subject: `user-${user}`, partitions: 4 });
    const hashes = await space.admissions.keys(`${space.prefix}decisions:*:by-hour`);

    expect([hashes.length, await recent({ partitions: 4 })]).toEqual([
      4,
      { connection: [0, 0], 'service-call': [20, 0] },
    ]);
  });

  test('hours that nobody can ask for any more, forgotten when an hour’s first decision comes', async () => {
    const current = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const kept = `${current - DECISION_HOURS_KEPT_MS + 2 * HOUR_MS}:connection:admitted`;
    const old = [1, 2, 50].map(
      (hours) => `${current - DECISION_HOURS_KEPT_MS - hours * HOUR_MS}:gone:denied`,
    );
    for (const field of [kept, ...old]) await space.admissions.hset(key(), field, 1);

    await decide(CONNECTION);

    const fields = await space.admissions.hkeys(key());
    expect(fields).toHaveLength(2);
    expect(fields).toContain(kept);
  });

  test('a store that decides nothing any more, forgets all of it by itself', async () => {
    await decide(CONNECTION);
    const lifetimeMs = await space.admissions.pttl(key());

    expect(lifetimeMs).toBeGreaterThan(DECISION_HOURS_KEPT_MS - 60_000);
    expect(lifetimeMs).toBeLessThanOrEqual(DECISION_HOURS_KEPT_MS);
  });
});
