import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import type { QuotaClientOptions } from '../../../client/quota_client';
import {
  type AdmitRequest,
  AdmitResponse,
  BatchAdmitError,
  type BatchAdmitResult,
  Decision,
} from '../../../gen/quota/v1/quota_service';
import { clientOf, clientTo, failureOf, type Methods } from './fake_daemon';

type Failure = Parameters<NonNullable<QuotaClientOptions['onFailure']>>[0];

const ADMITTED = AdmitResponse.create({ decision: Decision.ADMITTED });
const requestOf = (subject: string) => ({ subject, policy: 'connection' });

/** Joined or in a batch: these subjects fail so, and all others are admitted. */
function daemonThatFails(failures: Record<string, Partial<BatchAdmitError>>) {
  const asked: AdmitRequest[] = [];
  const resultOf = (request: AdmitRequest): BatchAdmitResult => {
    asked.push(request);
    const failure = failures[request.subject];
    return failure === undefined
      ? { result: { $case: 'response', value: ADMITTED } }
      : { result: { $case: 'error', value: BatchAdmitError.create(failure) } };
  };
  const methods: Methods = {
    admit: ({ request }, callback) => {
      asked.push(request);
      callback(null, ADMITTED);
    },
    batchAdmit: ({ request }, callback) => callback(null, { results: request.requests.map(resultOf) }),
  };
  return { asked, methods };
}

const refunded = { code: status.FAILED_PRECONDITION, message: 'm', reason: 'REFUNDED_REQUEST' };
const overloaded = {
  code: status.RESOURCE_EXHAUSTED,
  message: 'm',
  reason: 'OVERLOADED',
  retryDelay: { seconds: 2, nanos: 500_000_000 },
};

/** Notes each failure that is reported. */
function noting() {
  const failures: Failure[] = [];
  const onFailure = (failure: Failure) => failures.push(failure);
  return { failures, onFailure };
}

const reasons = (failures: readonly Failure[]) => failures.map(({ error }) => error.daemonReason).sort();

describe('a joined request that fails', () => {
  test('has the daemon’s reason and retry delay', async () => {
    const client = await clientOf(daemonThatFails({ 1: refunded, 2: overloaded }).methods);
    const failures = await Promise.all(['1', '2'].map((one) => failureOf(client.admit(requestOf(one)))));

    expect(failures).toMatchObject([
      { grpcStatus: 'FAILED_PRECONDITION', daemonReason: 'REFUNDED_REQUEST' },
      { grpcStatus: 'RESOURCE_EXHAUSTED', daemonReason: 'OVERLOADED', retryAfterMs: 2_500 },
    ]);
  });

  test('has been answered all the same if an older daemon names no reason', async () => {
    const { methods } = daemonThatFails({ 1: { code: status.UNAVAILABLE, message: 'm' } });
    const client = await clientOf(methods, { withoutDaemon: 'admit' });

    expect(await client.batch([requestOf('1')])).toMatchObject([{ daemonReason: 'UNAVAILABLE' }]);
  });

  test('is reported once, under the id of its caller', async () => {
    const { failures, onFailure } = noting();
    const { methods } = daemonThatFails({ 1: refunded, 2: overloaded });
    const client = await clientOf(methods, { onFailure, callId: () => 'c' });
    await Promise.allSettled(['1', '2', '3'].map((one) => client.admit(requestOf(one))));

    expect(reasons(failures)).toEqual(['OVERLOADED', 'REFUNDED_REQUEST']);
    expect(failures.map(({ callId }) => callId)).toEqual(['c', 'c']);
  });

  test('is reported once if the message fails, and before the client decides', async () => {
    const { failures, onFailure } = noting();
    const client = clientTo('127.0.0.1:1', { onFailure, withoutDaemon: 'admit' });
    const requests = ['1', '2'].map((one) => ({ ...requestOf(one), requestId: randomUUID() }));
    await Promise.all(requests.map((request) => client.admit(request)));

    expect(failures.map(({ error }) => error.requestId)).toEqual(requests.map(({ requestId }) => requestId));
  });
});

describe('a request of a batch that fails', () => {
  test('is reported', async () => {
    const { failures, onFailure } = noting();
    const client = await clientOf(daemonThatFails({ 1: refunded }).methods, { onFailure });
    const results = await client.batch([requestOf('1'), requestOf('2')]);

    expect(results).toMatchObject([{ daemonReason: 'REFUNDED_REQUEST' }, { admitted: true }]);
    expect(reasons(failures)).toEqual(['REFUNDED_REQUEST']);
  });
});

describe('a request that is too long', () => {
  const long = 'x'.repeat(16_000);
  const rejected = { grpcStatus: 'INVALID_ARGUMENT', isTemporary: false };

  test('fails by itself, and those that it is joined with do not', async () => {
    const { failures, onFailure } = noting();
    const { asked, methods } = daemonThatFails({});
    const client = await clientOf(methods, { onFailure, withoutDaemon: 'admit' });
    const others = [1, 2].map(String);
    const [failure] = await Promise.all([
      failureOf(client.admit(requestOf(long))),
      failureOf(client.admit({ ...requestOf('1'), requestId: long })),
      failureOf(client.admit({ subject: '1', policy: long })),
      ...others.map((one) => client.admit(requestOf(one))),
    ]);

    expect(failure).toMatchObject({
      ...rejected,
      message: expect.stringMatching(/subject: longer than 128/),
    });
    expect(asked.map(({ subject }) => subject)).toEqual(others);
    expect(failures).toHaveLength(3);
  });

  test('fails alone in a batch, in its place', async () => {
    const { asked, methods } = daemonThatFails({});
    const client = await clientOf(methods);
    const subjects = ['1', long, '2'];
    const results = await client.batch(subjects.map(requestOf));

    expect(results).toMatchObject([{ admitted: true }, rejected, { admitted: true }]);
    expect(asked.map(({ subject }) => subject)).toEqual(['1', '2']);
    expect(await client.batch([requestOf(long)])).toMatchObject([rejected]);
  });

  test.each(['x'.repeat(128), '🙂'.repeat(128)])('one of 128 characters is sent', async (subject) => {
    const { asked, methods } = daemonThatFails({});
    await (await clientOf(methods)).admit(requestOf(subject));

    expect(asked).toHaveLength(1);
  });
});

describe('a function of the application that throws', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
  afterAll(() => warn.mockRestore());
  const fault = new Error('m');
  const broken = () => {
    throw fault;
  };

  test('onFailure: the failure is rejected, and the fault is a warning', async () => {
    const client = clientTo('127.0.0.1:1', { onFailure: broken });
    await failureOf(client.admit(requestOf('1')));

    expect(warn).toHaveBeenLastCalledWith(fault);
  });

  test.each(['onAnswered', 'callId'])('%s: the answer arrives, and the fault is a warning', async (name) => {
    const client = await clientOf(daemonThatFails({}).methods, { [name]: broken });
    warn.mockClear();
    expect(await client.admit(requestOf('1'))).toMatchObject({ admitted: true });

    expect(warn).toHaveBeenLastCalledWith(fault);
  });

  test('callId: an id that no header can hold is not sent, and is a warning', async () => {
    const client = await clientOf(daemonThatFails({}).methods, { callId: () => 'é\n' });
    warn.mockClear();
    expect(await client.admit(requestOf('1'))).toMatchObject({ admitted: true });

    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe('after close', () => {
  test.each([true, false])(
    'every request fails as others do, and the client decides none; joined: %p',
    async (joins) => {
      const client = await clientOf(daemonThatFails({}).methods, { joins, withoutDaemon: 'admit' });
      await client.admit(requestOf('1'));
      client.close();
      const call = { subject: '1', service: 'vente', requestId: randomUUID(), callTime: new Date() };
      const failures = await Promise.all(
        [client.admit(requestOf('1')), client.admit(requestOf('2')), client.record(call), client.stats()].map(
          failureOf,
        ),
      );

      expect(new Set(failures.map(({ grpcStatus }) => grpcStatus))).toEqual(new Set(['CANCELLED']));
      expect(await client.batch([requestOf('1')])).toMatchObject([{ grpcStatus: 'CANCELLED' }]);
    },
  );
});
