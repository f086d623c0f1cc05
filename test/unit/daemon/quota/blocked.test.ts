import { describe, expect, jest, test } from '@jest/globals';
import { listBlocked } from '../../../../daemon/quota/blocked';
import type { Policy } from '../../../../daemon/quota/policies';
import type { QuotaStore } from '../../../../daemon/quota/store';

const policyOf = (name: string): Policy => ({
  name,
  limits: [],
  recordsConnections: false,
  onStoreFailure: 'deny',
  rememberMs: 60_000,
});

const statusOf = (remaining: number, shadow = false) => ({
  ...{ name: 'only', limit: 10, remaining, windowUs: 600_000_000, resetDelayUs: 1, nextDelayUs: 1 },
  ...{ shadow, shadowDenied: false, overridden: false },
});

/** A store in which these subjects were denied, the latest first, and have so much remaining now. */
function storeOf(denied: readonly string[], remainingOf: (subject: string) => ReturnType<typeof statusOf>) {
  const readQuota = jest.fn<QuotaStore['readQuota']>(async (subject) => [remainingOf(subject)]);
  const listDenied: QuotaStore['listDenied'] = async (_, count) =>
    denied.slice(0, count).map((subject, at) => ({ subject, denyTimeMs: 10_000 - at }));
  return { readQuota, listDenied };
}

const subjects = (count: number) => Array.from({ length: count }, (_, at) => `user-${at}`);

describe('listBlocked', () => {
  test('of those denied, who has nothing remaining now is listed', async () => {
    const store = storeOf(['blocked', 'freed'], (subject) => statusOf(subject === 'blocked' ? 0 : 1));
    const { blocked, isPartial } = await listBlocked(store, { policies: [policyOf('p')], maxCount: 10 });

    expect(blocked.map(({ subject, policy }) => [subject, policy])).toEqual([['blocked', 'p']]);
    expect(isPartial).toBe(false);
  });

  test('who has nothing remaining of a shadow limit alone is not listed', async () => {
    const store = storeOf(['tried'], () => statusOf(0, true));

    expect((await listBlocked(store, { policies: [policyOf('p')], maxCount: 10 })).blocked).toEqual([]);
  });

  test('several policies are listed together by their latest denials', async () => {
    const store = storeOf(subjects(2), () => statusOf(0));
    const { blocked } = await listBlocked(store, { policies: [policyOf('a'), policyOf('b')], maxCount: 3 });

    expect(blocked.map(({ denyTimeMs }) => denyTimeMs)).toEqual([10_000, 10_000, 9_999]);
  });

  test('of more than are asked for, as many as that are listed, and partial is set', async () => {
    const store = storeOf(subjects(60), () => statusOf(0));
    const list = await listBlocked(store, { policies: [policyOf('p')], maxCount: 20 });

    expect([list.blocked.length, list.isPartial]).toEqual([20, true]);
  });

  test('just as many as are asked for are whole', async () => {
    const store = storeOf(subjects(20), () => statusOf(0));
    const list = await listBlocked(store, { policies: [policyOf('p')], maxCount: 20 });

    expect([list.blocked.length, list.isPartial]).toEqual([20, false]);
  });

  test('of very many that were denied, 500 are read and no more', async () => {
    const store = storeOf(subjects(2000), () => statusOf(1));
    const list = await listBlocked(store, { policies: [policyOf('p')], maxCount: 20 });

    expect(store.readQuota).toHaveBeenCalledTimes(500);
    expect(list).toEqual({ blocked: [], isPartial: true });
  });
});
