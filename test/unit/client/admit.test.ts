import { randomUUID } from 'node:crypto';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import {
  type AdmitRequest,
  AdmitResponse,
  Decision,
  type RecordCallRequest,
} from '../../../gen/quota/v1/quota_service';
import { clientOf, clientTo, failureOf, serve, unavailable } from './fake_daemon';

/** Many times the client's deadline, for a busy machine; a call without one would never end. */
const LONG_AFTER_DEADLINE_MS = 20_000;

const admitConnection = { subject: '42', policy: 'connection' };
const REQUEST_ID = randomUUID();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('quota client', () => {
  test('admit: an admission comes back with the limits that may deny, in milliseconds', async () => {
    const client = await clientOf({
      admit: (_call, callback) => callback(null, response({ decision: Decision.ADMITTED })),
    });
    expect(await client.admit({ ...admitConnection, requestId: REQUEST_ID })).toEqual({
      admitted: true,
      policy: 'connection',
      cost: 1,
      requestId: REQUEST_ID,
      decidedBy: 'daemon',
      degraded: false,
      isRepeat: false,
      limits: [
        {
          name: 'per-window',
          limit: 10,
          remaining: 0,
          windowMs: 600_000,
          resetDelayMs: 411_500,
          nextDelayMs: 42_250,
          overridden: false,
        },
      ],
    });
  });

  test('admit: a denial is a value with its retry delay', async () => {
    const retryDelay = { seconds: 7, nanos: 250_000_000 };
    const client = await clientOf({
      admit: (_call, callback) => callback(null, response({ decision: Decision.DENIED, retryDelay })),
    });
    expect(await client.admit(admitConnection)).toMatchObject({ admitted: false, retryDelayMs: 7_250 });
  });

  test('admit: a denial that waiting cannot change has no retry delay', async () => {
    const client = await clientOf({
      admit: (_call, callback) => callback(null, response({ decision: Decision.DENIED })),
    });
    expect(await client.admit(admitConnection)).toMatchObject({ admitted: false, retryDelayMs: undefined });
  });

  test.each([Decision.UNSPECIFIED, 99])(
    'admit: decision %d is a failure and never an admission',
    async (decision) => {
      const client = await clientOf({ admit: (_call, callback) => callback(null, response({ decision })) });
      await expect(client.admit(admitConnection)).rejects.toThrow(QuotaUnavailable);
    },
  );

  test('admit: unavailable twice is retried with the same request_id', async () => {
    const seen: AdmitRequest[] = [];
    const client = await clientOf({
      admit: (call, callback) => {
        seen.push(call.request);
        if (seen.length < 3) callback(unavailable());
        else callback(null, response({ decision: Decision.ADMITTED }));
      },
    });
    expect((await client.admit(admitConnection)).admitted).toBe(true);
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ requestId }) => requestId)).size).toBe(1);
    expect(seen[0]).toMatchObject({ ...admitConnection, requestId: expect.stringMatching(UUID) });
  });

  test('admit: two calls have two request_ids', async () => {
    const seen: string[] = [];
    const client = await clientOf({
      admit: (call, callback) => {
        seen.push(call.request.requestId);
        callback(null, response({ decision: Decision.ADMITTED }));
      },
    });
    await client.admit(admitConnection);
    await client.admit(admitConnection);
    expect(new Set(seen).size).toBe(2);
  });

  test('admit: unavailable for good fails with the delay of RetryInfo and its cause', async () => {
    const client = await clientOf({
      admit: (_call, callback) => callback(unavailable(retryInfo(2, 500_000_000))),
    });
    const failure = await failureOf(client.admit(admitConnection));
    expect(failure).toMatchObject({ code: 'QUOTA_UNAVAILABLE', retryAfterMs: 2_500 });
    expect(failure.cause).toMatchObject({ code: status.UNAVAILABLE });
  });

  test('admit: details that cannot be read, fail with the default delay', async () => {
    const client = await clientOf({
      admit: (_call, callback) => callback(unavailable(Buffer.from([0xff, 0xff]))),
    });
    expect(await failureOf(client.admit(admitConnection))).toMatchObject({ retryAfterMs: 1_000 });
  });

  test('admit: an overloaded daemon is not asked a second time for each of many calls', async () => {
    let askedCount = 0;
    const client = await clientOf(
      {
        admit(_call, callback) {
          askedCount += 1;
          callback(unavailable());
        },
      },
      { joins: false },
    );

    await Promise.all(Array.from({ length: 200 }, () => failureOf(client.admit(admitConnection))));

    expect(askedCount).toBeLessThan(300);
  });

  test('admit: a daemon that says when to come back is asked again no earlier', async () => {
    const askedMs: number[] = [];
    const client = await clientOf({
      admit(_call, callback) {
        askedMs.push(performance.now());
        const overloaded = unavailable();
        overloaded.metadata.set('grpc-retry-pushback-ms', '400');
        if (askedMs.length === 1) callback(overloaded);
        else callback(null, response({ decision: Decision.ADMITTED }));
      },
    });

    await client.admit(admitConnection);

    const [firstMs = 0, secondMs = 0] = askedMs;
    expect(secondMs - firstMs).toBeGreaterThan(350);
  });

  test('admit: a refused question is a failure and not retried', async () => {
    let calls = 0;
    const client = await clientOf({
      admit: (_call, callback) => {
        calls += 1;
        callback({
          name: 'e',
          message: 'no such policy',
          code: status.NOT_FOUND,
          details: '',
          metadata: new Metadata(),
        });
      },
    });
    await failureOf(client.admit(admitConnection));
    expect(calls).toBe(1);
  });

  test('admit: no daemon fails within the deadline', async () => {
    const client = clientTo('127.0.0.1:1');
    const start = Date.now();
    await failureOf(client.admit(admitConnection));
    expect(Date.now() - start).toBeLessThan(LONG_AFTER_DEADLINE_MS);
  });

  test('admit: a daemon that never answers fails at the deadline', async () => {
    const client = await clientOf({ admit: () => undefined }, { deadlineMs: 1_000 });
    const start = Date.now();
    await failureOf(client.admit(admitConnection));
    expect(Date.now() - start).toBeLessThan(LONG_AFTER_DEADLINE_MS);
  });

  test('admit: the daemon comes back on its port, the same client finds it again', async () => {
    const first = await serve({ admit: (_call, callback) => callback(null, response({ decision: 1 })) });
    const client = clientTo(`127.0.0.1:${first.port}`);
    await client.admit(admitConnection);
    first.server.forceShutdown();
    await failureOf(client.admit(admitConnection));

    await serve({ admit: (_call, callback) => callback(null, response({ decision: 1 })) }, first);
    await expect(eventually(() => client.admit(admitConnection), 3_000)).resolves.toMatchObject({
      admitted: true,
    });
  });

  test('record: unavailable once is retried as it was given', async () => {
    const seen: RecordCallRequest[] = [];
    const client = await clientOf({
      recordCall: (call, callback) => {
        seen.push(call.request);
        if (seen.length === 1) callback(unavailable());
        else callback(null, { recorded: true });
      },
    });
    const call = { subject: '42', service: 'vente', requestId: randomUUID(), callTime: new Date(1_234) };
    expect(await client.record(call)).toBe(true);
    expect(seen).toEqual([call, call]);
  });
});

function response(values: Partial<AdmitResponse>): AdmitResponse {
  const window = { seconds: 600, nanos: 0 };
  const resetDelay = { seconds: 411, nanos: 500_000_000 };
  const nextDelay = { seconds: 42, nanos: 250_000_000 };
  const limit = { name: 'per-window', limit: 10, remaining: 0, window, resetDelay, nextDelay };
  const refusing = { ...limit, shadow: false, shadowDenied: false, overridden: false };
  const limits = [refusing, { ...refusing, name: 'tried-out', shadow: true }];
  return { ...AdmitResponse.create({ limits }), ...values };
}

function retryInfo(seconds: number, nanos: number): Buffer {
  const value = RetryInfo.encode(RetryInfo.create({ retryDelay: { seconds, nanos } })).finish();
  const detail = { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: Buffer.from(value) };
  return Buffer.from(Status.encode(Status.create({ code: 14, message: 'away', details: [detail] })).finish());
}

async function eventually<T>(work: () => Promise<T>, limitMs: number): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
