import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { masterOf } from '../../daemon/redis/nodes';
import type { StatsResponse } from '../../gen/quota/v1/quota_service';
import { ageStore } from '../../scripts/demo/age_store';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { withinOneHour } from '../helpers/wait';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let space: RedisSpace;
let daemon: TestDaemon;
beforeEach(async () => {
  // Hours are compared before and after.
  await withinOneHour({ neededMs: 30_000 });
  space = openRedisSpace();
  daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix });
});
afterEach(async () => {
  await daemon.stop();
  await space.close();
});

function age(shiftMs: number): Promise<void> {
  const redis = masterOf(space.admissions, space.prefix);
  return ageStore({ redis, keyPrefix: space.prefix }, shiftMs);
}

async function connect(subject: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i += 1) await daemon.client.admit({ subject, policy: 'connection' });
}

/** The admitted and the denied connections of each hour, the present one first. */
function hourly({ hours }: StatsResponse): [number, number][] {
  return hours.toReversed().map(({ policies }) => {
    const { admittedCount, deniedCount } = policies.find(({ policy }) => policy === 'connection') ?? {};
    return [Number(admittedCount), Number(deniedCount)];
  });
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
const lastTimes = ({ recentUsers }: StatsResponse) =>
  recentUsers.map(({ connectTime }) => connectTime?.getTime());

describe('age.lua', () => {
  test('decisions are counted in the hour into which they were moved', async () => {
    await connect('ada', 12);
    const before = await daemon.client.stats({ hourCount: 3 });
    await age(HOUR_MS);
    const after = await daemon.client.stats({ hourCount: 3 });

    expect(sum(hourly(before).flat())).toBe(12);
    expect(hourly(after).slice(1)).toEqual(hourly(before).slice(0, -1));
    expect(hourly(after)[0]).toEqual([0, 0]);
  });

  test('twenty minutes three times are an hour', async () => {
    await connect('ada', 12);
    const before = await daemon.client.stats({ hourCount: 3 });
    for (let i = 0; i < 3; i += 1) await age(20 * MINUTE_MS);

    expect(hourly(await daemon.client.stats({ hourCount: 3 })).slice(1)).toEqual(hourly(before).slice(0, -1));
  });

  test('connections count that much earlier, and leave their window when it has passed', async () => {
    await connect('ada', 2);
    await connect('bob');
    const before = await daemon.client.stats();
    await age(48 * HOUR_MS);
    await connect('ada');
    const later = await daemon.client.stats();
    await age(24 * HOUR_MS);
    const last = await daemon.client.stats();

    expect(lastTimes(later)[1]).toBe((lastTimes(before)[0] ?? 0) - 48 * HOUR_MS);
    expect(later.topUsers).toMatchObject([
      { subject: 'ada', count: 3 },
      { subject: 'bob', count: 1 },
    ]);
    expect(last.topUsers).toMatchObject([{ subject: 'ada', count: 1 }]);
  });

  test('a limit is free again when its window has passed', async () => {
    await connect('ada', 10);
    await age(20 * MINUTE_MS);

    expect(await daemon.client.admit({ subject: 'ada', policy: 'connection' })).toMatchObject({
      limits: [{ remaining: 9 }],
    });
  });

  test('calls move with their times and the memory of their requests', async () => {
    const call = { subject: 'ada', service: 'vente', requestId: randomUUID() };
    await daemon.client.recordCall(call);
    const [before] = await loggedCalls();
    await age(20 * MINUTE_MS);
    const [after] = await loggedCalls();

    expect(after).toEqual((before ?? 0) - 20 * MINUTE_MS);
    expect(await daemon.client.recordCall(call)).toBe(false);
    await age(24 * HOUR_MS);
    expect(await daemon.client.recordCall(call)).toBe(true);
  });

  test('an empty store is left as it is', async () => {
    await age(HOUR_MS);

    expect(sum(hourly(await daemon.client.stats({ hourCount: 3 })).flat())).toBe(0);
  });
});

/** When the calls of the log were made, by its entries, whose ids say the same. */
async function loggedCalls(): Promise<number[]> {
  const entries = await space.calls.xrange(`${space.prefix}calls:{0}:log`, '-', '+');
  return entries.map(([id, fields]) => {
    const callMs = Number(fields[1]?.split(' ')[1]);
    expect(Math.abs(Number(id.split('-')[0]) - callMs)).toBeLessThanOrEqual(1);
    return callMs;
  });
}
