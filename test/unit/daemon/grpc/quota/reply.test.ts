import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { toBatchError, toStatsResponse } from '../../../../../daemon/grpc/quota/reply';
import { RefundedRequest, StoreUnavailable, UnknownPolicy } from '../../../../../daemon/quota/errors';
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

describe('toBatchError', () => {
  test.each([
    [new UnknownPolicy('connexion'), status.NOT_FOUND, 'UNKNOWN_POLICY', undefined],
    [new RefundedRequest(), status.FAILED_PRECONDITION, 'REFUNDED_REQUEST', undefined],
    [
      new StoreUnavailable({ cause: new Error('m') }),
      status.UNAVAILABLE,
      'STORE_UNAVAILABLE',
      { seconds: 1, nanos: 0 },
    ],
    [new Error('m'), status.INTERNAL, 'INTERNAL', undefined],
  ])(
    '%p has the reason and the retry delay of the same failure of an Admit',
    (error, code, reason, retryDelay) => {
      expect(toBatchError(error)).toMatchObject({
        result: { $case: 'error', value: { code, reason, retryDelay } },
      });
    },
  );
});
