import { type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from '@jest/globals';
import { type AdmitRequest, type AdmitResponse, Decision } from '../../../../gen/quota/v1/quota_service';
import { runOpenLoop } from '../../../bench/load/open_loop';
import type { Pace } from '../../../bench/load/orders';
import { type LoadedServer, responseOf, serve } from './server';

/** Longer than a busy machine needs, and shorter than a test may take. */
const PATIENT_MS = 20_000;

let server: LoadedServer | undefined;

afterEach(() => server?.stop());

type Answer = sendUnaryData<AdmitResponse>;

async function serveAdmit(admit: (request: AdmitRequest, answer: Answer) => void): Promise<string> {
  server = await serve({
    admit: (call: ServerUnaryCall<AdmitRequest, AdmitResponse>, answer: Answer) =>
      admit(call.request, answer),
  });
  return server.target;
}

async function run(target: string, pace: Pace, deadlineMs = PATIENT_MS) {
  const order = { kind: 'open', target, connections: 2, deadlineMs, subjectPrefix: 'test-' } as const;
  const { phases } = await runOpenLoop({ ...order, phases: [pace] });
  return phases[0];
}

test('open loop: a server that answers, every call is answered once, with an id and a subject of its own', async () => {
  const seen: AdmitRequest[] = [];
  const target = await serveAdmit((request, answer) => {
    seen.push(request);
    answer(null, responseOf(seen.length % 2 === 0 ? Decision.ADMITTED : Decision.DENIED));
  });
  const result = await run(target, { perSecond: 1_000, durationMs: 200 });
  expect(result).toMatchObject({ offered: 200, answered: 200, admitted: 100, refused: 0, late: 0 });
  expect(result?.slices.map(({ offered }) => offered)).toEqual([100, 100]);
  expect(new Set(seen.map(({ subject }) => subject)).size).toBe(200);
  expect(new Set(seen.map(({ requestId }) => requestId)).size).toBe(200);
  expect(new Set(seen.map(({ policy }) => policy))).toEqual(new Set(['connection']));
});

test('open loop: every call to a server that rejects counts as rejected', async () => {
  const target = await serveAdmit((_, answer) => answer({ code: status.UNAVAILABLE }));
  const result = await run(target, { perSecond: 1_000, durationMs: 100 });
  expect(result).toMatchObject({ offered: 100, answered: 0, refused: 100, late: 0 });
});

test('open loop: a server that never answers, no call is answered', async () => {
  const target = await serveAdmit(() => undefined);
  const result = await run(target, { perSecond: 1_000, durationMs: 100 }, 50);
  expect(result).toMatchObject({ offered: 100, answered: 0 });
  // The server keeps the deadline as well, and may be first.
  expect(Number(result?.late) + Number(result?.refused)).toBe(100);
});

test('open loop: a number of unanswered calls is kept up while calls are answered', async () => {
  const target = await serveAdmit((_, answer) => answer(null, responseOf(Decision.ADMITTED)));
  const result = await run(target, { unanswered: 10, durationMs: 100 });
  expect(result?.answered).toBe(result?.offered);
  expect(result?.offered).toBeGreaterThan(10);
});
