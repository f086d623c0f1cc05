import { describe, expect, test } from '@jest/globals';
import { type StatsRequest, StatsResponse } from '../../../../gen/quota/v1/quota_service';
import { siteOf } from './site_of';

const HOUR = new Date('2026-03-01T14:00:00Z');
const READ = new Date('2026-03-01T14:25:07.250Z');

describe('quota client, the statistics', () => {
  test('stats: an empty query asks for what the pages promise and no hours', async () => {
    let asked: StatsRequest | undefined;
    const client = await siteOf({
      stats: (call, callback) => {
        asked = call.request;
        const recentUsers = [{ subject: '42', connectTime: new Date(0) }];
        callback(null, StatsResponse.create({ recentUsers, readTime: READ, completeSince: HOUR }));
      },
    });

    expect(await client.stats()).toEqual({
      recentUsers: [{ subject: '42', connectTime: new Date(0) }],
      topUsers: [],
      leastActiveUsers: [],
      services: [],
      hours: [],
      readTime: READ,
      completeSince: HOUR,
    });
    expect(asked).toEqual({
      recentCount: 10,
      topCount: 3,
      topWindow: { seconds: 259_200, nanos: 0 },
      leastCount: 0,
      hourCount: 0,
      subject: '',
    });
  });

  test('stats: each of a number of hours has the decisions of its policies', async () => {
    let asked: StatsRequest | undefined;
    const client = await siteOf({
      stats: (call, callback) => {
        asked = call.request;
        const policies = [{ policy: 'connection', admittedCount: 12, deniedCount: 3, refundedCount: 1 }];
        callback(null, StatsResponse.create({ hours: [{ startTime: HOUR, policies }], readTime: READ }));
      },
    });

    const { hours, readTime } = await client.stats({ hourCount: 48 });

    expect(asked?.hourCount).toBe(48);
    expect([hours, readTime]).toEqual([
      [{ startTime: HOUR, policies: [{ policy: 'connection', admitted: 12, denied: 3, refunded: 1 }] }],
      READ,
    ]);
  });
});
