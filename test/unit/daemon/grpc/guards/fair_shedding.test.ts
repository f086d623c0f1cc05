import { randomUUID } from 'node:crypto';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createAccess } from '../../../../../daemon/access/access';
import type { KnownIdentity } from '../../../../../daemon/access/identities';
import { createCallerOf } from '../../../../../daemon/access/known_callers';
import { createStreamLimits } from '../../../../../daemon/access/stream_limits';
import { tokenDigest } from '../../../../../daemon/access/tokens';
import { createAuthentication } from '../../../../../daemon/grpc/guards/authenticate';
import { guardRequests } from '../../../../../daemon/grpc/guards/guards';
import { createLoadLimit } from '../../../../../daemon/grpc/guards/load_limit';
import { createShedding } from '../../../../../daemon/grpc/guards/shedding';
import { refuseEarly } from '../../../../../daemon/grpc/listening/early_refusals';
import { createRequestLog } from '../../../../../daemon/grpc/request_log';
import { detailsTrailer, statusOf } from '../../../../../daemon/grpc/status';
import {
  AdmitResponse,
  type QuotaServiceServer,
  QuotaServiceService,
} from '../../../../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../../../../helpers/opened';
import { createQuotaClient, failureOf, type QuotaClient } from '../../../../helpers/quota_client';
import { until } from '../../../../helpers/wait';

const opened = closedAfterEach();

const LIMIT = 8;

function known(name: string, weight?: number): KnownIdentity {
  return { name, role: 'caller', tokenDigests: [tokenDigest(name)], certificateNames: [], weight };
}

/** A server that answers only on demand, and admits eight at once, and two more that are due a share. */
async function serveCallers(...identities: KnownIdentity[]) {
  const waiting: (() => void)[] = [];
  const access = createAccess({ identities: () => identities, asksCertificates: false });
  const shedding = createShedding({
    isShedding: true,
    onShed: () => undefined,
    onLeft: () => undefined,
    decisions: createLoadLimit({ least: 1, most: LIMIT, reserve: 0.25 }),
  });
  const authentication = createAuthentication({
    access,
    streams: createStreamLimits({ isProxy: () => false }),
    onStreamRefused: () => undefined,
    log: createRequestLog({ logger: pino({ level: 'silent' }), hashOf: String }),
  });
  const interceptors = [guardRequests([shedding.guard, authentication, shedding.attribution])];
  const server = opened.closed(new Server({ interceptors }), (each) => each.forceShutdown());
  const handlers: QuotaServiceServer = {
    admit: (_, reply) => waiting.push(() => reply(null, AdmitResponse.fromPartial({}))),
    batchAdmit(call, reply) {
      try {
        shedding.weigh(call.metadata, call.request.requests.length);
        waiting.push(() => reply(null, { results: [] }));
      } catch (error) {
        const { code, message, ...rest } = statusOf(error, '');
        reply({ code, details: message, metadata: detailsTrailer({ code, message, ...rest }) });
      }
    },
    refund: () => undefined,
    recordCall: () => undefined,
    stats: () => undefined,
  };
  server.addService(QuotaServiceService, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  refuseEarly(server, { ...shedding, callerOf: createCallerOf(access) });
  const clients = identities.map(({ name }) =>
    opened.closed(createQuotaClient(`127.0.0.1:${port}`, { token: name, asksOnce: true }), (each) =>
      each.close(),
    ),
  );

  /** Sends so many requests, of which none is answered yet, and waits until those that are let in are in. */
  async function hold(client: QuotaClient | undefined, count: number): Promise<void> {
    const before = waiting.length;
    for (let sent = 0; sent < count; sent += 1) client?.admit(ask()).catch(() => undefined);
    await until('they are in', () => waiting.length === before + count);
  }

  return { clients, hold, waiting };
}

const ask = () => ({ subject: randomUUID(), policy: 'connection' });
const OVERLOADED = { code: status.UNAVAILABLE, reason: 'OVERLOADED' };

test('fair shedding: of a server that one caller has filled, that one is rejected, and another let in', async () => {
  const { clients, hold } = await serveCallers(known('heavy'), known('light'));
  const [heavy, light] = clients;
  await hold(heavy, LIMIT);

  expect(await failureOf(heavy?.admit(ask()) ?? Promise.resolve())).toMatchObject(OVERLOADED);
  await hold(light, 2);
});

test('fair shedding: a batch of a caller with less is let in beside one that has filled the server', async () => {
  const { clients, hold, waiting } = await serveCallers(known('heavy'), known('light'));
  const [heavy, light] = clients;
  await hold(heavy, LIMIT);

  const batch = light?.batchAdmit([ask(), ask()]);
  await Promise.race([batch, until('the batch is in', () => waiting.length === LIMIT + 1)]);

  waiting.at(-1)?.();
  expect(await batch).toEqual({ results: [] });
});

test('fair shedding: callers with less used up keep their places, and all others are rejected', async () => {
  const { clients, hold } = await serveCallers(known('heavy'), known('light'), known('third'));
  const [heavy, light, third] = clients;
  await hold(heavy, LIMIT);
  await hold(light, 2);

  expect(await failureOf(third?.admit(ask()) ?? Promise.resolve())).toMatchObject(OVERLOADED);
});

test('fair shedding: a caller of three times the weight is rejected only with more than three times as much', async () => {
  const { clients, hold } = await serveCallers(known('weighty', 3), known('light'));
  const [weighty, light] = clients;
  await hold(weighty, 5);
  await hold(light, 3);

  expect(await failureOf(light?.admit(ask()) ?? Promise.resolve())).toMatchObject(OVERLOADED);
  await hold(weighty, 1);
});
