import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import {
  type AdmitRequest,
  AdmitResponse,
  BatchAdmitError,
  type BatchAdmitResponse,
  type BatchAdmitResult,
  Decision,
} from '../../../gen/quota/v1/quota_service';
import { clientOf, clientTo, failureOf, type Methods, unavailable } from './fake_daemon';

type Answer = (request: AdmitRequest, batchCount: number) => BatchAdmitResult | undefined;

const admission: BatchAdmitResult = {
  result: { $case: 'response', value: AdmitResponse.create({ decision: Decision.ADMITTED }) },
};
const errorOf = (code: number): BatchAdmitResult => ({
  result: { $case: 'error', value: BatchAdmitError.create({ code, message: 'm' }) },
});

/** A daemon that answers each request of a batch so; a batch with an answer that is undefined hangs. */
function daemonThat(answer: Answer) {
  const batches: AdmitRequest[][] = [];
  const alone: AdmitRequest[] = [];
  const methods: Methods = {
    admit: ({ request }, callback) => {
      alone.push(request);
      callback(null, AdmitResponse.create({ decision: Decision.ADMITTED }));
    },
    batchAdmit: ({ request }, callback) => {
      batches.push(request.requests);
      const results = request.requests.map((one) => answer(one, batches.length));
      if (results.every((result) => result !== undefined)) callback(null, { results } as BatchAdmitResponse);
    },
  };
  return { batches, alone, methods };
}

const requestOf = (subject: number) => ({ subject: String(subject), policy: 'connection' });
const subjectsOf = (batch: readonly AdmitRequest[] | undefined) => batch?.map(({ subject }) => subject);

describe('joined requests', () => {
  test('all of one turn, in one batch, each with its own answer', async () => {
    const denied = AdmitResponse.create({ decision: Decision.DENIED });
    const { batches, alone, methods } = daemonThat(({ subject }) =>
      subject === '2' ? { result: { $case: 'response', value: denied } } : admission,
    );
    const client = await clientOf(methods);
    const answers = await Promise.all([1, 2, 3].map((subject) => client.admit(requestOf(subject))));

    expect(batches.map(subjectsOf)).toEqual([['1', '2', '3']]);
    expect(alone).toEqual([]);
    expect(answers.map(({ admitted }) => admitted)).toEqual([true, false, true]);
  });

  test('one alone, with Admit', async () => {
    const { batches, alone, methods } = daemonThat(() => admission);
    const client = await clientOf(methods);
    await client.admit(requestOf(1));

    expect([batches.length, alone.length]).toEqual([0, 1]);
  });

  test('unless they are joined, each with Admit', async () => {
    const { batches, alone, methods } = daemonThat(() => admission);
    const client = await clientOf(methods, { joins: false });
    await Promise.all([1, 2].map((subject) => client.admit(requestOf(subject))));

    expect([batches.length, alone.length]).toEqual([0, 2]);
  });

  test('more than a batch holds are several batches', async () => {
    const { batches, methods } = daemonThat(() => admission);
    const client = await clientOf(methods, { deadlineMs: 60_000 });
    await Promise.all(Array.from({ length: 1_500 }, (_, subject) => client.admit(requestOf(subject))));

    expect(batches.map(({ length }) => length).sort()).toEqual([1_000, 500]);
  });

  test('requests under different call ids are sent apart', async () => {
    const ids = new AsyncLocalStorage<string>();
    const { batches, methods } = daemonThat(() => admission);
    const client = await clientOf(methods, { callId: () => ids.getStore() });
    const askAs = (id: string, subject: number) => ids.run(id, () => client.admit(requestOf(subject)));
    await Promise.all([askAs('a', 1), askAs('b', 2), askAs('a', 3), askAs('b', 4)]);

    expect(batches.map(subjectsOf).sort()).toEqual([
      ['1', '3'],
      ['2', '4'],
    ]);
  });

  test('one with a short deadline fails at it; the others go on with the same ids', async () => {
    const { batches, methods } = daemonThat((_, batchCount) => (batchCount === 1 ? undefined : admission));
    const client = await clientOf(methods, { deadlineMs: 60_000 });
    const short = failureOf(client.admit({ ...requestOf(1), deadlineMs: 2_000 }));
    const others = [2, 3].map((subject) => client.admit(requestOf(subject)));

    expect(await short).toMatchObject({ grpcStatus: 'DEADLINE_EXCEEDED' });
    expect((await Promise.all(others)).map(({ admitted }) => admitted)).toEqual([true, true]);
    const [first = [], second = []] = batches;
    expect(subjectsOf(second)).toEqual(['2', '3']);
    expect(second.map(({ requestId }) => requestId)).toEqual(
      first.slice(1).map(({ requestId }) => requestId),
    );
  });

  test('one that is unavailable is repeated with the same id', async () => {
    const ids: string[] = [];
    const { methods } = daemonThat(({ subject, requestId }, batchCount) => {
      if (subject !== '1') return admission;
      ids.push(requestId);
      return batchCount === 1 ? errorOf(status.UNAVAILABLE) : admission;
    });
    const client = await clientOf(methods);
    const askAgain = async () => {
      // The repeat must be joined as well, or it is an Admit.
      for (let count = 0; count < 50 && ids.length < 2; count += 1) {
        await Promise.all([2, 3].map((subject) => client.admit(requestOf(subject))));
        await pause(5);
      }
    };
    const [first] = await Promise.all([client.admit(requestOf(1)), client.admit(requestOf(2)), askAgain()]);

    expect(first.admitted).toBe(true);
    expect(new Set(ids).size).toBe(1);
  });

  test('one that an overloaded daemon rejects is repeated no earlier than it says', async () => {
    const overloaded = BatchAdmitError.create({
      ...{ code: status.UNAVAILABLE, message: 'm', reason: 'OVERLOADED' },
      retryDelay: { seconds: 0, nanos: 400_000_000 },
    });
    const askedMs: number[] = [];
    const { alone, methods } = daemonThat(({ subject }) => {
      if (subject !== '1') return admission;
      askedMs.push(performance.now());
      return { result: { $case: 'error', value: overloaded } };
    });
    const client = await clientOf(methods);
    const [answer] = await Promise.all(
      [1, 2].map((subject) => client.admit({ ...requestOf(subject), deadlineMs: 30_000 })),
    );

    expect(answer?.admitted).toBe(true);
    expect(alone.map(({ subject }) => subject)).toEqual(['1']);
    // A timer may come a millisecond early by this clock.
    expect(performance.now() - (askedMs[0] ?? 0)).toBeGreaterThanOrEqual(399);
  });

  test('no daemon, each fails with its own id', async () => {
    const client = clientTo('127.0.0.1:1');
    const requests = [1, 2].map((subject) => ({ ...requestOf(subject), requestId: randomUUID() }));
    const failures = await Promise.all(requests.map((request) => failureOf(client.admit(request))));
    const results = await client.batch(requests);

    for (const each of [failures, results])
      expect(each.map(({ requestId }) => requestId)).toEqual(requests.map(({ requestId }) => requestId));
  });

  test('one that is rejected fails at once and alone', async () => {
    const { batches, methods } = daemonThat(({ subject }) =>
      subject === '1' ? errorOf(status.NOT_FOUND) : admission,
    );
    const client = await clientOf(methods);
    const [failure, other] = await Promise.all([
      failureOf(client.admit(requestOf(1))),
      client.admit(requestOf(2)),
    ]);

    expect([failure.grpcStatus, other.admitted, batches.length]).toEqual(['NOT_FOUND', true, 1]);
  });

  test.each([
    [{ subject: undefined as unknown as string, policy: 'connection' }, /^subject/],
    [{ subject: '1', policy: 'connection', cost: 1.5 }, /^cost/],
    [{ subject: '1', policy: 'connection', cost: Number.NaN }, /^cost/],
    [{ subject: '1', policy: 'connection', cost: 0 }, /^cost/],
    [{ subject: '1', policy: 'connection', cost: -5 }, /^cost/],
    [{ subject: '1', policy: 'connection', deadlineMs: Number.NaN }, /^deadlineMs/],
    [{ subject: '1', policy: 'connection', deadlineMs: '500' as unknown as number }, /^deadlineMs/],
    [{ subject: '1', policy: 'connection', deadlineMs: 0 }, /^deadlineMs/],
    [{ subject: '1', policy: 'connection', deadlineMs: 1e300 }, /^deadlineMs/],
  ])('one that no daemon could admit is a fault of its own: %j', async (wrong, message) => {
    const { batches, methods } = daemonThat(() => admission);
    const client = await clientOf(methods);
    const [, ...others] = await Promise.all([
      expect(client.admit(wrong)).rejects.toThrow(message),
      ...[2, 3].map((subject) => client.admit(requestOf(subject))),
    ]);

    expect(others.map((other) => other?.admitted)).toEqual([true, true]);
    expect(batches.map(subjectsOf)).toEqual([['2', '3']]);
  });

  test('many that are unavailable for good are not repeated without end', async () => {
    const { batches, alone, methods } = daemonThat(() => errorOf(status.UNAVAILABLE));
    const admit: Methods['admit'] = ({ request }, callback) => {
      alone.push(request);
      callback(unavailable());
    };
    const client = await clientOf({ ...methods, admit });
    await Promise.all(
      Array.from({ length: 100 }, (_, subject) => failureOf(client.admit(requestOf(subject)))),
    );
    const askedCount = batches.flat().length + alone.length;

    expect(askedCount).toBeGreaterThanOrEqual(100);
    expect(askedCount).toBeLessThan(150);
  });
});

describe('batch', () => {
  test('each has a result, in order, failures included', async () => {
    const { methods } = daemonThat(({ subject }) =>
      subject === '2' ? errorOf(status.NOT_FOUND) : admission,
    );
    const client = await clientOf(methods);
    const results = await client.batch([1, 2, 3].map(requestOf));

    expect(results).toMatchObject([
      { admitted: true },
      { code: 'QUOTA_UNAVAILABLE', grpcStatus: 'NOT_FOUND', isTemporary: false },
      { admitted: true },
    ]);
  });

  test('fewer answers than requests are a failure and never an admission', async () => {
    const client = await clientOf({
      batchAdmit: (_call, callback) => callback(null, { results: [admission] }),
    });

    expect(await client.batch([1, 2].map(requestOf))).toMatchObject([
      { admitted: true },
      { code: 'QUOTA_UNAVAILABLE' },
    ]);
  });
});
