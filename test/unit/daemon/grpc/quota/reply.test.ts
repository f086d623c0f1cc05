import { describe, expect, test } from '@jest/globals';
import { toStatsResponse } from '../../../../../daemon/grpc/quota/reply';
import type { Usage } from '../../../../../daemon/quota/usage';
import { StatsResponse } from '../../../../../gen/quota/v1/quota_service';

const usage: Usage = {
  recentUsers: [],
  topUsers: [],
  leastActiveUsers: [],
  services: [],
  readTimeMs: 7,
  completeSinceMs: 3,
  hours: [],
};

/** What a caller reads of it. */
const sent = (told: Usage) => StatsResponse.decode(StatsResponse.encode(toStatsResponse(told)).finish());

describe('toStatsResponse', () => {
  test('the moment since which the counts are complete is sent', () => {
    expect(sent(usage).completeSince).toEqual(new Date(3));
  });

  test('a subject’s numbers are sent', () => {
    const subjectUsage = { subject: '42', connectionCount: 3, callCount: 1_000_000_000_000 };

    expect(sent({ ...usage, subjectUsage }).subjectUsage).toEqual(subjectUsage);
  });

  test('a subject that did nothing has zeros and not nothing', () => {
    const subjectUsage = { subject: '42', connectionCount: 0, callCount: 0 };

    expect(sent({ ...usage, subjectUsage }).subjectUsage).toEqual(subjectUsage);
  });

  test('without a subject, none is returned', () => {
    expect(sent(usage).subjectUsage).toBeUndefined();
  });
});
