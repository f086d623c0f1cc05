import { credentials, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { HealthImplementation } from 'grpc-health-check';
import { guardRequests } from '../../../../../daemon/grpc/guards/guards';
import { createLoadLimit, Overloaded } from '../../../../../daemon/grpc/guards/load_limit';
import { createShedding } from '../../../../../daemon/grpc/guards/shedding';
import { refuseEarly } from '../../../../../daemon/grpc/listening/early_refusals';
import {
  AdmitResponse,
  QuotaServiceClient,
  type QuotaServiceServer,
  QuotaServiceService,
  StatsResponse,
} from '../../../../../gen/quota/v1/quota_service';
import { watchHealth } from '../../../../helpers/health';
import { closedAfterEach } from '../../../../helpers/opened';
import { createQuotaClient, failureOf } from '../../../../helpers/quota_client';
import { until } from '../../../../helpers/wait';

const opened = closedAfterEach();

/** A server whose calls wait until they are released, of which it lets in two at once. */
async function serveWaiting({ isShedding = true, isEarly }: { isShedding?: boolean; isEarly: boolean }) {
  const waiting: (() => void)[] = [];
  const shed: string[] = [];
  let decodedCount = 0;
  const shedding = createShedding({
    isShedding,
    onShed: (method) => shed.push(method),
    onLeft: () => undefined,
    decisions: createLoadLimit({ least: 1, most: 2 }),
    operations: createLoadLimit({ least: 1, most: 1 }),
  });
  const server = opened.closed(new Server({ interceptors: [guardRequests([shedding.guard])] }), (each) =>
    each.forceShutdown(),
  );
  const { admit } = QuotaServiceService;
  const requestDeserialize = (bytes: Buffer) => {
    decodedCount += 1;
    return admit.requestDeserialize(bytes);
  };
  const definition = { ...QuotaServiceService, admit: { ...admit, requestDeserialize } };
  const handlers: QuotaServiceServer = {
    admit: (_, reply) => waiting.push(() => reply(null, AdmitResponse.fromPartial({}))),
    batchAdmit(call, reply) {
      try {
        shedding.weigh(call.metadata, call.request.requests.length);
        waiting.push(() => reply(null, { results: [] }));
      } catch {
        reply({ code: status.UNAVAILABLE });
      }
    },
    refund: () => undefined,
    recordCall: (_, reply) => reply(null, { recorded: true }),
    stats: (_, reply) => waiting.push(() => reply(null, StatsResponse.fromPartial({}))),
  };
  server.addService(definition, handlers);
  const health = new HealthImplementation({ '': 'SERVING' });
  health.addToServer(server);
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  if (isEarly) refuseEarly(server, { ...shedding, callerOf: () => undefined });
  const target = `127.0.0.1:${port}`;
  const client = opened.closed(createQuotaClient(target), (each) => each.close());
  return { client, target, shedding, shed, waiting, decodedCount: () => decodedCount };
}

test('shedding: a batch that finds no room once it is decoded is rejected and counted', () => {
  const shed: string[] = [];
  const shedding = createShedding({
    isShedding: true,
    onShed: (method, stage) => shed.push(`${method}, ${stage}`),
    onLeft: () => undefined,
    decisions: createLoadLimit({ least: 1, most: 2 }),
  });
  const [first, second] = [new Metadata(), new Metadata()];
  for (const metadata of [first, second]) {
    const watch = shedding.guard({
      method: QuotaServiceService.batchAdmit as never,
      call: {} as never,
      refuse: () => undefined,
    });
    if (watch !== undefined && 'onMetadata' in watch) watch.onMetadata?.(metadata);
  }
  shedding.weigh(first, 10);

  expect(() => shedding.weigh(second, 10)).toThrow(Overloaded);
  expect(shed).toEqual(['quota.v1.QuotaService/BatchAdmit, decoded']);
});

const request = { subject: '42', policy: 'connection' };

describe.each([
  { title: 'shedding before the library', isEarly: true },
  { title: 'shedding by the guard alone', isEarly: false },
])('$title', ({ isEarly }) => {
  const serve = (options: { isShedding?: boolean } = {}) => serveWaiting({ ...options, isEarly });

  test('more calls than can be in flight are UNAVAILABLE with a reason of its own and when to try again', async () => {
    const { client, shed, waiting } = await serve();
    const answers = [client.admit(request), client.admit(request)];
    await until('two calls are in', () => waiting.length === 2);

    const failure = await failureOf(client.admit(request));

    expect(failure).toMatchObject({
      code: status.UNAVAILABLE,
      reason: 'OVERLOADED',
      retryDelayMs: expect.any(Number),
    });
    expect(shed).toEqual(['quota.v1.QuotaService/Admit']);
    for (const release of waiting) release();
    await Promise.all(answers);
  });

  test('a rejected call has a trailer that keeps client libraries from repeating it at once', async () => {
    const { target, waiting, client } = await serve();
    void Promise.allSettled([client.admit(request), client.admit(request)]);
    await until('two calls are in', () => waiting.length === 2);

    const trailer = await new Promise<Metadata>((resolve) => {
      const plain = opened.closed(new QuotaServiceClient(target, credentials.createInsecure()), (c) =>
        c.close(),
      );
      plain.admit({ ...request, requestId: '', cost: undefined }, (error) =>
        resolve(error?.metadata ?? new Metadata()),
      );
    });

    expect(Number(trailer.get('grpc-retry-pushback-ms')[0])).toBeGreaterThanOrEqual(100);
  });

  test('a refused call is not decoded', async () => {
    const { client, waiting, decodedCount } = await serve();
    void Promise.allSettled([client.admit(request), client.admit(request)]);
    await until('two calls are in', () => waiting.length === 2);

    for (let i = 0; i < 10; i += 1) await failureOf(client.admit(request));

    expect(decodedCount()).toBe(2);
  });

  test('a call that was answered, or left, makes room for another', async () => {
    const { client, target, waiting, shedding } = await serve();
    const leaving = createQuotaClient(target);
    const answered = client.admit(request);
    const left = failureOf(leaving.admit(request));
    await until('two calls are in', () => waiting.length === 2);

    leaving.close();
    waiting[0]?.();
    waiting[1]?.();
    await Promise.all([answered, left.catch(() => undefined)]);

    await until('nothing is in flight', () => shedding.state().inFlight === 0);
  });

  test('a batch, counted by its decisions once it is decoded', async () => {
    const { client, waiting, shedding } = await serve();
    const batch = client.batchAdmit([request, request]);
    await until('the batch is in', () => waiting.length === 1);

    expect(shedding.state().inFlight).toBe(2);
    expect(await failureOf(client.admit(request))).toMatchObject({ reason: 'OVERLOADED' });
    waiting[0]?.();
    await batch;
  });

  test('callers that take all the room leave operators and health checks let in', async () => {
    const { client, target, waiting } = await serve();
    void Promise.allSettled([client.admit(request), client.admit(request)]);
    await until('two calls are in', () => waiting.length === 2);
    const health = opened.closed(watchHealth(target), (watch) => watch.close());

    const stats = client.stats();
    await until('the operator is in', () => waiting.length === 3);
    waiting[2]?.();
    await stats;

    await health.reached('SERVING');
  });

  test('operators beyond their own bound are refused', async () => {
    const { client, waiting } = await serve();
    void client.stats().catch(() => undefined);
    await until('the operator is in', () => waiting.length === 1);

    expect(await failureOf(client.stats())).toMatchObject({ reason: 'OVERLOADED' });
  });

  test('everything is let in if it is switched off', async () => {
    const { client, waiting } = await serve({ isShedding: false });
    void Promise.allSettled(Array.from({ length: 5 }, () => client.admit(request)));

    await until('five calls are in', () => waiting.length === 5);
  });
});
