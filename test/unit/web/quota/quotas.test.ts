import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { GetQuotaRequest, ResetQuotaRequest } from '../../../../gen/quota/v1/quota_admin_service';
import { LimitStatus } from '../../../../gen/quota/v1/quota_service';
import { clientOf, failureOf, unavailable } from './fake_daemon';

const TAKEN = LimitStatus.create({
  name: 'per-window',
  limit: 10,
  remaining: 7,
  window: { seconds: 600, nanos: 0 },
  resetDelay: { seconds: 411, nanos: 0 },
  nextDelay: { seconds: 42, nanos: 500_000_000 },
});
const SHADOW = { ...TAKEN, name: 'tried-out', shadow: true };

const NAMED = {
  name: 'per-window',
  limit: 10,
  remaining: 7,
  windowMs: 600_000,
  resetDelayMs: 411_000,
  nextDelayMs: 42_500,
};

describe('quota client, where a subject stands', () => {
  test('limits: one policy, its limits that refuse, in milliseconds', async () => {
    let asked: GetQuotaRequest | undefined;
    const client = await clientOf({
      getQuota: (call, callback) => {
        asked = call.request;
        callback(null, { quotas: [{ policy: 'service-call', limits: [TAKEN, SHADOW] }] });
      },
    });

    expect(await client.limits({ subject: '42', policy: 'service-call' })).toEqual([NAMED]);
    expect(asked).toEqual({ subject: '42', policy: 'service-call' });
  });

  test('quotas: every policy, in the order told', async () => {
    let asked: GetQuotaRequest | undefined;
    const client = await clientOf({
      getQuota: (call, callback) => {
        asked = call.request;
        const quotas = ['connection', 'service-call'].map((policy) => ({ policy, limits: [TAKEN, SHADOW] }));
        callback(null, { quotas });
      },
    });

    expect(await client.quotas({ subject: '42' })).toEqual([
      { policy: 'connection', limits: [NAMED] },
      { policy: 'service-call', limits: [NAMED] },
    ]);
    expect(asked).toEqual({ subject: '42', policy: '' });
  });

  test('limits: an earlier daemon that says no next delay, until all is free again', async () => {
    const earlier = { ...TAKEN, nextDelay: undefined };
    const client = await clientOf({
      getQuota: (_call, callback) =>
        callback(null, { quotas: [{ policy: 'connection', limits: [earlier] }] }),
    });

    expect(await client.limits({ subject: '42', policy: 'connection' })).toMatchObject([
      { nextDelayMs: 411_000 },
    ]);
  });

  test('limits: unavailable twice, is retried', async () => {
    let calls = 0;
    const client = await clientOf({
      getQuota: (_call, callback) => {
        calls += 1;
        if (calls < 3) callback(unavailable());
        else callback(null, { quotas: [] });
      },
    });

    expect(await client.limits({ subject: '42', policy: 'connection' })).toEqual([]);
    expect(calls).toBe(3);
  });

  test('quotas: a role that does not reach it, is a failure and not retried', async () => {
    let calls = 0;
    const client = await clientOf({
      getQuota: (_call, callback) => {
        calls += 1;
        callback({
          name: 'e',
          message: 'the role of this identity does not reach this method',
          code: status.PERMISSION_DENIED,
          details: '',
          metadata: new Metadata(),
        });
      },
    });

    const failure = await failureOf(client.quotas({ subject: '42' }));

    expect([failure.cause, calls]).toMatchObject([{ code: status.PERMISSION_DENIED }, 1]);
  });
});

describe('quota client, a block lifted', () => {
  test.each([
    [{ subject: '42' }, { subject: '42', policy: '' }],
    [
      { subject: '42', policy: 'connection' },
      { subject: '42', policy: 'connection' },
    ],
  ])('resetQuota: %j, how many limits are whole again', async (target, request) => {
    let asked: ResetQuotaRequest | undefined;
    const client = await clientOf({
      resetQuota: (call, callback) => {
        asked = call.request;
        callback(null, { resetCount: 2 });
      },
    });

    expect(await client.resetQuota(target)).toBe(2);
    expect(asked).toEqual(request);
  });

  test('resetQuota: unavailable once, is retried', async () => {
    let calls = 0;
    const client = await clientOf({
      resetQuota: (_call, callback) => {
        calls += 1;
        if (calls === 1) callback(unavailable());
        else callback(null, { resetCount: 0 });
      },
    });

    expect(await client.resetQuota({ subject: '42' })).toBe(0);
  });
});
