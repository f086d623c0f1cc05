import { describe, expect, test } from '@jest/globals';
import { mergeUsage, type PartitionUsage } from '../../../../../daemon/quota/merge';
import type { UsageQuery } from '../../../../../daemon/quota/usage';

const query = { recentCount: 3, topCount: 3, topWindowMs: 1000, leastCount: 3, hourCount: 0 };

interface Part {
  readonly nowMs?: number;
  readonly completeSinceMs?: number;
  readonly recent?: Record<string, number>;
  readonly top?: Record<string, number>;
  readonly least?: Record<string, number>;
  readonly services?: Record<string, number>;
  readonly subject?: { readonly connections: number; readonly calls: number };
}

const NOBODY = { connections: 0, calls: 0 };

function part({
  nowMs = 0,
  completeSinceMs = 0,
  recent = {},
  top = {},
  least = {},
  services = {},
  subject = NOBODY,
}: Part): PartitionUsage {
  const counts = (of: Record<string, number>) =>
    Object.entries(of).map(([subject, count]) => ({ subject, count }));
  return {
    logins: {
      nowMs,
      completeSinceMs,
      recent: Object.entries(recent).map(([subject, connectTimeMs]) => ({ subject, connectTimeMs })),
      top: counts(top),
      subjectCount: subject.connections,
    },
    least: counts(least),
    services: Object.entries(services).map(([service, callCount]) => ({ service, callCount })),
    subjectCount: subject.calls,
  };
}

function merge(parts: Part[], asked: Partial<UsageQuery> = {}) {
  return mergeUsage(parts.map(part), { ...query, ...asked });
}

const subjects = (list: readonly { subject: string }[]) => list.map(({ subject }) => subject);

describe('mergeUsage', () => {
  test('partitions that hold nothing have empty lists and the time', () => {
    expect(
      merge([
        { nowMs: 5, completeSinceMs: 1 },
        { nowMs: 4, completeSinceMs: 2 },
      ]),
    ).toEqual({
      recentUsers: [],
      topUsers: [],
      leastActiveUsers: [],
      services: [],
      readTimeMs: 5,
      completeSinceMs: 2,
    });
  });

  test('the last users of several partitions are merged, the latest first and no more than asked for', () => {
    const { recentUsers } = merge([{ recent: { d: 40, a: 10 } }, { recent: { c: 30, b: 20 } }]);

    expect(recentUsers).toEqual([
      { subject: 'd', connectTimeMs: 40 },
      { subject: 'c', connectTimeMs: 30 },
      { subject: 'b', connectTimeMs: 20 },
    ]);
  });

  test('the most connected of several partitions are merged, the most first', () => {
    expect(subjects(merge([{ top: { a: 9, b: 1 } }, { top: { c: 10, d: 2 } }]).topUsers)).toEqual([
      'c',
      'a',
      'd',
    ]);
  });

  test('those with the fewest calls of several partitions are merged, the fewest first and those with none included', () => {
    const { leastActiveUsers } = merge([{ least: { a: 0, b: 7 } }, { least: { c: 1, d: 3 } }]);

    expect(subjects(leastActiveUsers)).toEqual(['a', 'c', 'd']);
  });

  test('counts of two digits are compared as numbers', () => {
    expect(subjects(merge([{ top: { a: 9 } }, { top: { b: 10 } }], { topCount: 1 }).topUsers)).toEqual(['b']);
  });

  test('equals, in the order that one partition would give: by their bytes', () => {
    // UTF-16 would put the emoji before the character of the private area; UTF-8, which Redis compares, puts it after.
    const [low, high] = ['\uF000', '🎓'];
    const all = merge([
      { recent: { [low]: 1 }, top: { [low]: 1 }, least: { [low]: 1 } },
      { recent: { [high]: 1 }, top: { [high]: 1 }, least: { [high]: 1 } },
    ]);

    expect([all.recentUsers, all.topUsers, all.leastActiveUsers].map(subjects)).toEqual([
      [high, low],
      [high, low],
      [low, high],
    ]);
  });

  test('the calls of a service in several partitions are added up', () => {
    const { services } = merge([{ services: { vente: 2, achat: 1 } }, { services: { vente: 3 } }, {}]);

    expect(services).toEqual([
      { service: 'vente', callCount: 5 },
      { service: 'achat', callCount: 1 },
    ]);
  });

  test('a subject that is asked for has the numbers of its own partition', () => {
    const parts = [{}, { subject: { connections: 4, calls: 7 } }, {}];

    expect(merge(parts, { subject: 'ada' }).subjectUsage).toEqual({
      subject: 'ada',
      connectionCount: 4,
      callCount: 7,
    });
  });

  test('lists of none asked for are empty', () => {
    const one = { recent: { a: 1 }, top: { a: 1 }, least: { a: 1 } };

    expect(merge([one], { recentCount: 0, topCount: 0, leastCount: 0 })).toMatchObject({
      recentUsers: [],
      topUsers: [],
      leastActiveUsers: [],
    });
  });
});
