import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { GetQuotaRequest, Raise, ResetQuotaRequest } from '../../../../gen/quota/v1/quota_admin_service';
import { LimitStatus } from '../../../../gen/quota/v1/quota_service';
import { failureOf, unavailable } from '../../client/fake_daemon';
import { siteOf } from './site_of';

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
  overridden: false,
};

const raisesOf = (policy: string): Record<string, Raise> =>
  policy === 'connection' ? {} : { 'per-window': { limit: 30, duration: { seconds: 3600, nanos: 0 } } };

describe('quota client, the state of a subject', () => {
  test('limits: one policy has its limits that deny, in milliseconds', async () => {
    let asked: GetQuotaRequest | undefined;
    const client = await siteOf({
      getQuota: (call, callback) => {
        asked = call.request;
        callback(null, {
          quotas: [{ policy: 'service-call', limits: [TAKEN, SHADOW], raises: {} }],
          usage: undefined,
        });
      },
    });

    expect(await client.limits({ subject: '42', policy: 'service-call' })).toEqual([NAMED]);
    expect(asked).toEqual({ subject: '42', policy: 'service-call' });
  });

  test('standing: one request asks for the limits and the own numbers of three days', async () => {
    const asked: GetQuotaRequest[] = [];
    const client = await siteOf({
      getQuota: (call, callback) => {
        asked.push(call.request);
        const quotas = [{ policy: 'service-call', limits: [TAKEN, SHADOW], raises: {} }];
        callback(null, { quotas, usage: { subject: '42', connectionCount: 4, callCount: 0 } });
      },
    });

    expect(await client.standing({ subject: '42', policy: 'service-call' })).toEqual({
      limits: [NAMED],
      own: { connectionCount: 4, callCount: 0 },
    });
    expect(asked).toEqual([
      { subject: '42', policy: 'service-call', usageWindow: { seconds: 259_200, nanos: 0 } },
    ]);
  });

  test('standing: an older daemon sends no numbers, and the limits all the same', async () => {
    const client = await siteOf({
      getQuota: (_call, callback) => {
        callback(null, {
          quotas: [{ policy: 'service-call', limits: [TAKEN], raises: {} }],
          usage: undefined,
        });
      },
    });

    expect(await client.standing({ subject: '42', policy: 'service-call' })).toEqual({
      limits: [NAMED],
      own: undefined,
    });
  });

  test('quotas: lists every policy, in the order of the answer', async () => {
    let asked: GetQuotaRequest | undefined;
    const client = await siteOf({
      getQuota: (call, callback) => {
        asked = call.request;
        const quotas = ['connection', 'service-call'].map((policy) => ({
          policy,
          limits: [TAKEN, SHADOW],
          raises: raisesOf(policy),
        }));
        callback(null, { quotas, usage: undefined });
      },
    });

    expect(await client.quotas({ subject: '42' })).toEqual([
      { policy: 'connection', limits: [NAMED], raises: {} },
      {
        policy: 'service-call',
        limits: [NAMED],
        raises: { 'per-window': { limit: 30, durationMs: 3_600_000 } },
      },
    ]);
    expect(asked).toEqual({ subject: '42', policy: '' });
  });

  test('limits: an earlier daemon that says no next delay is taken to mean until all is free again', async () => {
    const earlier = { ...TAKEN, nextDelay: undefined };
    const client = await siteOf({
      getQuota: (_call, callback) =>
        callback(null, {
          quotas: [{ policy: 'connection', limits: [earlier], raises: {} }],
          usage: undefined,
        }),
    });

    expect(await client.limits({ subject: '42', policy: 'connection' })).toMatchObject([
      { nextDelayMs: 411_000 },
    ]);
  });

  test('limits: unavailable twice is retried', async () => {
    let calls = 0;
    const client = await siteOf({
      getQuota: (_call, callback) => {
        calls += 1;
        if (calls < 3) callback(unavailable());
        else callback(null, { quotas: [], usage: undefined });
      },
    });

    expect(await client.limits({ subject: '42', policy: 'connection' })).toEqual([]);
    expect(calls).toBe(3);
  });

  test('quotas: a role that does not reach it is a failure and not retried', async () => {
    let calls = 0;
    const client = await siteOf({
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
  ])('resetQuota: %j is how many limits are whole again', async (target, request) => {
    let asked: ResetQuotaRequest | undefined;
    const client = await siteOf({
      resetQuota: (call, callback) => {
        asked = call.request;
        callback(null, { resetCount: 2 });
      },
    });

    expect(await client.resetQuota(target)).toBe(2);
    expect(asked).toEqual(request);
  });

  test('resetQuota: unavailable once is retried', async () => {
    let calls = 0;
    const client = await siteOf({
      resetQuota: (_call, callback) => {
        calls += 1;
        if (calls === 1) callback(unavailable());
        else callback(null, { resetCount: 0 });
      },
    });

    expect(await client.resetQuota({ subject: '42' })).toBe(0);
  });
});
