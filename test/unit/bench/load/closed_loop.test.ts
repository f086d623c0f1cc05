import { type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from '@jest/globals';
import {
  type AdmitRequest,
  type AdmitResponse,
  BatchAdmitError,
  type BatchAdmitRequest,
  type BatchAdmitResponse,
  Decision,
} from '../../../../gen/quota/v1/quota_service';
import { runClosedLoop } from '../../../bench/load/closed_loop';
import { type LoadedServer, responseOf, serve } from './server';

/** Longer than the calls of a test take on any machine. */
const LONG_MS = 20_000;

const ORDER = { kind: 'closed', concurrency: 4, connections: 2, durationMs: LONG_MS } as const;

let server: LoadedServer | undefined;

afterEach(() => server?.stop());

test('closed loop: a count of calls makes the decisions of as many subjects in turn', async () => {
  const seen: string[] = [];
  server = await serve({
    admit(call: ServerUnaryCall<AdmitRequest, AdmitResponse>, answer: sendUnaryData<AdmitResponse>) {
      seen.push(call.request.subject);
      answer(null, responseOf(seen.length <= 5 ? Decision.ADMITTED : Decision.DENIED));
    },
  });
  const subjects = { prefix: 's-', count: 3 };
  const result = await runClosedLoop({ ...ORDER, target: server.target, call: 'admit', count: 9, subjects });
  expect(result).toMatchObject({ decisions: 9, admitted: 5, failed: 0 });
  expect(seen.toSorted()).toEqual(['s-0', 's-0', 's-0', 's-1', 's-1', 's-1', 's-2', 's-2', 's-2']);
});

test('closed loop: batches, each of their admissions counts', async () => {
  const value = BatchAdmitError.create({ code: status.UNAVAILABLE, message: 'no store' });
  const error = { $case: 'error' as const, value };
  const response = { $case: 'response' as const, value: responseOf(Decision.ADMITTED) };
  server = await serve({
    batchAdmit(
      call: ServerUnaryCall<BatchAdmitRequest, BatchAdmitResponse>,
      answer: sendUnaryData<BatchAdmitResponse>,
    ) {
      answer(null, {
        results: call.request.requests.map((_, at) => ({ result: at === 0 ? error : response })),
      });
    },
  });
  const subjects = { prefix: 's-', count: 100 };
  const order = {
    ...ORDER,
    target: server.target,
    call: 'batch',
    batchSize: 10,
    count: 2,
    subjects,
  } as const;
  expect(await runClosedLoop(order)).toMatchObject({ decisions: 18, admitted: 18, failed: 2 });
});

test('closed loop: calls that fail count as failed', async () => {
  server = await serve({
    recordCall: (_call: unknown, answer: sendUnaryData<unknown>) => answer({ code: status.UNAVAILABLE }),
  });
  const subjects = { prefix: 's-', count: 1 };
  const order = { ...ORDER, target: server.target, call: 'record-call', count: 3, subjects } as const;
  expect(await runClosedLoop(order)).toMatchObject({ decisions: 0, failed: 3 });
});
