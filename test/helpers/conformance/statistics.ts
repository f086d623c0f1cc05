import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { DeadlinePassed } from '../../../daemon/quota/errors';
import type { Limit } from '../../../daemon/quota/limits';
import type { QuotaStore } from '../../../daemon/quota/store';
import type { UsageQuery } from '../../../daemon/quota/usage';
import { until } from '../wait';
import { ask, DAY_MS, HOUR_MS, openedStore, policyOf, type StoreFactory } from './store_factory';

const LIMITS: readonly Limit[] = [{ name: 'only', algorithm: 'sliding-window', limit: 3, windowMs: HOUR_MS }];
const CONNECTION = policyOf('connection', LIMITS, { recordsConnections: true });
const UNRECORDED = policyOf('unrecorded', LIMITS);
const POLICIES = [CONNECTION, UNRECORDED] as const;

const SHORT_MS = 300;
const LONG_MS = 3 * DAY_MS;
const SETTINGS = { policies: POLICIES, windowsMs: [SHORT_MS, LONG_MS] };

const QUERY: UsageQuery = {
  recentCount: 10,
  topCount: 10,
  topWindowMs: LONG_MS,
  leastCount: 10,
  hourCount: 0,
};

/** What the statistics make of what was admitted and recorded. */
export function describeStatistics(open: StoreFactory): void {
  describe('the statistics of connections', () => {
    const store = openedStore(open, SETTINGS);

    test('admitted ones are counted, the last user first; denials, repeats and other policies are not', async () => {
      const repeated = {
        policy: CONNECTION,
        subject: 'ada',
        requestId: '5e2b4b4c-8f0d-4d53-9e1f-0d7a6ad4d0b1',
      };
      await ask(store(), repeated);
      await ask(store(), repeated);
      await ask(store(), { policy: CONNECTION, subject: 'ada', cost: 9 });
      await ask(store(), { policy: CONNECTION, subject: 'bob' });
      await ask(store(), { policy: CONNECTION, subject: 'bob' });
      await ask(store(), { policy: UNRECORDED, subject: 'eve' });
      const usage = await store().readUsage({ ...QUERY, subject: 'ada' }, []);

      expect(usage.topUsers).toEqual([
        { subject: 'bob', count: 2 },
        { subject: 'ada', count: 1 },
      ]);
      expect(usage.recentUsers.map(({ subject }) => subject)).toEqual(['bob', 'ada']);
      expect(usage.subjectUsage).toEqual({ subject: 'ada', connectionCount: 1, callCount: 0 });
      expect(usage.completeSinceMs).toBeLessThanOrEqual(usage.readTimeMs);
      expect(usage.hours).toEqual([]);
    });
  });

  describe('the windows of the statistics', () => {
    const store = openedStore(open, SETTINGS);

    test('a short one that has passed is empty; the long one still counts', async () => {
      await ask(store(), { policy: CONNECTION, subject: 'ada' });
      const topOf = async (topWindowMs: number) =>
        (await store().readUsage({ ...QUERY, topWindowMs }, [])).topUsers;
      await until('the short window has passed', async () => (await topOf(SHORT_MS)).length === 0);

      expect(await topOf(LONG_MS)).toEqual([{ subject: 'ada', count: 1 }]);
    });
  });

  describe('the statistics of calls', () => {
    const store = openedStore(open, SETTINGS);

    test('each service is listed, and the users with the fewest calls, those without any included', async () => {
      await ask(store(), { policy: CONNECTION, subject: 'idle' });
      for (const [subject, service] of [
        ['ada', 'sale'],
        ['bob', 'sale'],
        ['bob', 'purchase'],
      ] as const)
        await store().recordCall({ subject, service, requestId: undefined, callTimeMs: undefined });
      const { services, leastActiveUsers, subjectUsage } = await store().readUsage(
        { ...QUERY, subject: 'bob' },
        [],
      );

      expect(services.toSorted((a, b) => a.service.localeCompare(b.service))).toEqual([
        { service: 'purchase', callCount: 1 },
        { service: 'sale', callCount: 2 },
      ]);
      expect(leastActiveUsers).toEqual([
        { subject: 'idle', count: 0 },
        { subject: 'ada', count: 1 },
        { subject: 'bob', count: 2 },
      ]);
      expect(subjectUsage).toEqual({ subject: 'bob', connectionCount: 0, callCount: 2 });
    });
  });

  describe('a call that nobody waits for any more', () => {
    const store = openedStore(open, SETTINGS);

    test.each([
      ['whose deadline has passed', { deadlineMs: 0 }],
      ['whose caller has given up', { isGivenUp: () => true }],
    ])('%s is DeadlinePassed, and is not recorded', async (_, patience) => {
      const call = { subject: randomUUID(), service: 'sale', requestId: undefined, callTimeMs: undefined };

      await expect(store().recordCall(call, patience)).rejects.toBeInstanceOf(DeadlinePassed);

      const { subjectUsage } = await store().readUsage({ ...QUERY, subject: call.subject }, []);
      expect(subjectUsage?.callCount).toBe(0);
    });
  });

  describe('the lists of the statistics', () => {
    const store = openedStore(open, SETTINGS);

    test('lists are no longer than requested', async () => {
      for (const subject of ['ada', 'bob', 'eve']) {
        await ask(store(), { policy: CONNECTION, subject });
        await store().recordCall({ subject, service: 'sale', requestId: undefined, callTimeMs: undefined });
      }
      const counts = { recentCount: 2, topCount: 1, leastCount: 2 };
      const { recentUsers, topUsers, leastActiveUsers } = await store().readUsage(
        { ...QUERY, ...counts },
        [],
      );

      expect([recentUsers, topUsers, leastActiveUsers].map(({ length }) => length)).toEqual([2, 1, 2]);
    });
  });

  describe('the hours of decisions', () => {
    const store = openedStore(open, SETTINGS);

    test('each policy that is asked for is listed, in that order, with its admissions and denials', async () => {
      for (let time = 0; time < 5; time += 1) await ask(store(), { policy: UNRECORDED, subject: 'ada' });
      // The hour may have ended meanwhile: two always hold all.
      const { hours, readTimeMs } = await store().readUsage({ ...QUERY, hourCount: 2 }, [
        UNRECORDED.name,
        CONNECTION.name,
      ]);
      const total = (policy: string, which: 'admittedCount' | 'deniedCount') =>
        hours
          .flatMap(({ policies }) => policies)
          .reduce((sum, each) => {
            return each.policy === policy ? sum + each[which] : sum;
          }, 0);

      expect(hours.map(({ startTimeMs }) => startTimeMs)).toEqual(
        [1, 0].map((back) => (Math.floor(readTimeMs / HOUR_MS) - back) * HOUR_MS),
      );
      for (const { policies } of hours)
        expect(policies.map(({ policy }) => policy)).toEqual([UNRECORDED.name, CONNECTION.name]);
      expect([total(UNRECORDED.name, 'admittedCount'), total(UNRECORDED.name, 'deniedCount')]).toEqual([
        3, 2,
      ]);
      expect(total(CONNECTION.name, 'admittedCount')).toBe(0);
    });
  });

  describe('a store that holds nothing', () => {
    const store = openedStore(open, SETTINGS);

    test('an empty store is read as empty lists', async () => {
      expect(await emptyLists(store())).toEqual([[], [], [], []]);
    });
  });
}

async function emptyLists(store: QuotaStore) {
  const { recentUsers, topUsers, leastActiveUsers, services } = await store.readUsage(QUERY, []);
  return [recentUsers, topUsers, leastActiveUsers, services];
}
