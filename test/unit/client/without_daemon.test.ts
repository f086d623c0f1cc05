import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { ErrorInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';
import { createLocalCount } from '../../../client/deciding/local_count';
import type { QuotaClient, QuotaClientOptions } from '../../../client/quota_client';
import { clientOf, clientTo, failureOf, unavailable } from './fake_daemon';

/** An address at which no daemon listens. */
const NOWHERE = '127.0.0.1:1';

const request = { subject: '42', policy: 'connection' };

function clientWith(withoutDaemon: QuotaClientOptions['withoutDaemon']): QuotaClient {
  return clientTo(NOWHERE, { withoutDaemon });
}

describe('withoutDaemon', () => {
  const policy = 'connection';

  test.each([
    ['Fail', /^withoutDaemon: Fail is none of fail, deny, admit/],
    [{}, /^withoutDaemon: /],
    [{ local: undefined }, /^withoutDaemon: /],
    [{ local: { [policy]: { limit: 3, windowMs: 0 } } }, /local\["connection"\]: windowMs: 0/],
    [{ local: { [policy]: { limit: 3, windowMs: Number.NaN } } }, /windowMs: NaN/],
    [{ local: { [policy]: { limit: Number.NaN, windowMs: 1 } } }, /limit: NaN/],
    [{ local: { [policy]: { limit: -1, windowMs: 1 } } }, /limit: -1/],
    [{ local: { [policy]: undefined, b: { limit: '3', windowMs: 0 } } }, /undefined.*undefined.*3.*0/],
  ])('%j is rejected with everything that is wrong', (withoutDaemon, message) => {
    const make = () => clientWith(withoutDaemon as unknown as QuotaClientOptions['withoutDaemon']);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

describe('no daemon answers', () => {
  test('fail, unless something else is chosen', async () => {
    expect(await failureOf(clientTo(NOWHERE).admit(request))).toMatchObject({
      grpcStatus: 'UNAVAILABLE',
      daemonReason: undefined,
      isTemporary: true,
    });
  });

  test('admit: admitted without limits, and the result says that the client decided', async () => {
    expect(await clientWith('admit').admit(request)).toMatchObject({
      admitted: true,
      decidedBy: 'client',
      limits: [],
    });
  });

  test('deny: denied, with the time after which to try again', async () => {
    expect(await clientWith('deny').admit(request)).toMatchObject({
      admitted: false,
      decidedBy: 'client',
      retryDelayMs: 1_000,
    });
  });

  test('local: admits as many as the local limit, and no more', async () => {
    const client = clientWith({ local: { connection: { limit: 3, windowMs: 60_000 } } });
    const decisions = [];
    for (let count = 0; count < 5; count += 1) decisions.push(await client.admit(request));

    expect(decisions.map(({ admitted }) => admitted)).toEqual([true, true, true, false, false]);
    expect(decisions[0]).toMatchObject({
      decidedBy: 'client',
      limits: [{ name: 'local', limit: 3, remaining: 2, windowMs: 60_000 }],
    });
  });

  test('local: a policy that is not named fails', async () => {
    await failureOf(clientWith({ local: { other: { limit: 3, windowMs: 60_000 } } }).admit(request));
  });

  test('each request of a batch is decided', async () => {
    const client = clientWith({ local: { connection: { limit: 1, windowMs: 60_000 } } });
    const results = await client.batch([request, request, { ...request, policy: 'other' }]);

    expect(results).toMatchObject([{ admitted: true }, { admitted: false }, { code: 'QUOTA_UNAVAILABLE' }]);
  });

  test('a daemon that never answers is decided at the deadline', async () => {
    const client = await clientOf({ admit: () => undefined }, { withoutDaemon: 'admit', deadlineMs: 100 });

    expect(await client.admit(request)).toMatchObject({ admitted: true, decidedBy: 'client' });
  });

  test('a daemon that answers that it cannot decide fails: the policy’s own rule holds', async () => {
    const value = ErrorInfo.encode(ErrorInfo.fromPartial({ reason: 'STORE_UNAVAILABLE' })).finish();
    const detail = { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Buffer.from(value) };
    const details = Status.encode(Status.create({ code: 14, message: 'm', details: [detail] })).finish();
    const client = await clientOf(
      { admit: (_call, callback) => callback(unavailable(Buffer.from(details))) },
      { withoutDaemon: 'admit' },
    );

    expect(await failureOf(client.admit(request))).toMatchObject({ daemonReason: 'STORE_UNAVAILABLE' });
  });
});

/** What is in use once the garbage is collected. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

describe('local count', () => {
  /** A count whose clock stands until it is moved. */
  function countOf(limit: number) {
    const clock = { nowMs: 0 };
    const count = createLocalCount({ limit, windowMs: 1_000 }, () => clock.nowMs);
    const admit = (cost = 1, requestId: string = randomUUID()) =>
      count.admit({ ...request, cost, requestId });
    return { clock, count, admit };
  }

  test('a window, never holds more than the limit, wherever it begins', () => {
    const { clock, admit } = countOf(5);
    const admittedMs: number[] = [];
    for (; clock.nowMs < 10_000; clock.nowMs += 37) if (admit().admitted) admittedMs.push(clock.nowMs);

    const mostInWindow = admittedMs.map(
      (startMs) => admittedMs.filter((ms) => ms >= startMs && ms < startMs + 1_000).length,
    );
    expect(Math.max(...mostInWindow)).toBe(5);
    // 37 ms steps: five each 27 steps, which are 999 ms and one step.
    expect(admittedMs.length).toBeGreaterThanOrEqual(48);
  });

  test('a denial is followed by an admission after its retry delay, and not before', () => {
    const { clock, admit } = countOf(3);
    admit(2);
    clock.nowMs = 400;
    admit(1);
    const denied = admit(3);
    const delayMs = denied.admitted ? 0 : (denied.retryDelayMs ?? 0);

    expect(delayMs).toBe(1_000);
    clock.nowMs += delayMs - 1;
    expect(admit(3).admitted).toBe(false);
    clock.nowMs += 1;
    expect(admit(3).admitted).toBe(true);
  });

  test('a cost above the limit, denied without a retry delay', () => {
    expect(countOf(3).admit(4)).toMatchObject({ admitted: false, retryDelayMs: undefined });
  });

  test('delays are until one more and until all are free', () => {
    const { clock, admit } = countOf(3);
    admit();
    clock.nowMs = 300;

    expect(admit().limits).toMatchObject([{ remaining: 1, nextDelayMs: 700, resetDelayMs: 1_000 }]);
  });

  test('a repeat is admitted again and nothing taken', () => {
    const { admit } = countOf(1);
    const requestId = randomUUID();
    admit(1, requestId);

    expect(admit(1, requestId)).toMatchObject({ admitted: true, isRepeat: true, limits: [{ remaining: 0 }] });
  });

  test('a refund gives back once, and only what was taken', () => {
    const { count, admit } = countOf(1);
    const requestId = randomUUID();
    admit(1, requestId);
    const taken = { ...request, requestId };

    expect([count.refund({ ...taken, requestId: randomUUID() }), count.refund(taken)]).toEqual([false, true]);
    expect([count.refund(taken), admit().admitted, admit().admitted]).toEqual([false, true, false]);
  });

  test('refunds of subjects that are not counted here take no memory', () => {
    const { count, admit } = countOf(1);
    const before = heapBytes();
    for (let subject = 0; subject < 500_000; subject += 1)
      count.refund({ ...request, subject: `subject-${subject}`, requestId: 'r' });

    expect(heapBytes() - before).toBeLessThan(20_000_000);
    // Until here the count is in use.
    expect(admit().admitted).toBe(true);
  });

  test('subjects are counted apart', () => {
    const { count, admit } = countOf(1);
    admit();

    expect(count.admit({ ...request, subject: '43', cost: 1, requestId: randomUUID() }).admitted).toBe(true);
  });
});
