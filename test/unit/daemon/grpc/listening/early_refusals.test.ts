import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import {
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  status,
} from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import {
  type EarlyRefusing,
  refuseEarly,
  trailersOnly,
} from '../../../../../daemon/grpc/listening/early_refusals';
import { decideByMs } from '../../../../../daemon/grpc/listening/timeouts';
import {
  QuotaServiceClient,
  type QuotaServiceServer,
  QuotaServiceService,
} from '../../../../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../../../../helpers/opened';
import { until } from '../../../../helpers/wait';

const opened = closedAfterEach();

const ADMIT = QuotaServiceService.admit.path;

/** A server that refuses each Admit, and counts the calls that its library hears of. */
async function serve({ hasRoom = (path) => path !== ADMIT }: Partial<Pick<EarlyRefusing, 'hasRoom'>> = {}) {
  let interceptedCount = 0;
  const hurried: boolean[] = [];
  const left: (string | undefined)[] = [];
  const server = opened.closed(
    new Server({
      interceptors: [
        (_, call) => {
          interceptedCount += 1;
          return new ServerInterceptingCall(call, {
            start: (next) =>
              next({
                onReceiveMetadata(metadata, forward) {
                  hurried.push(decideByMs(metadata) < performance.now() + 200);
                  forward(metadata);
                },
              }),
          });
        },
      ],
    }),
    (each) => each.forceShutdown(),
  );
  const handlers: QuotaServiceServer = {
    admit: () => undefined,
    batchAdmit: () => undefined,
    refund: () => undefined,
    recordCall: (_, reply) => reply(null, { recorded: true }),
    stats: () => undefined,
  };
  server.addService(QuotaServiceService, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const metadata = new Metadata();
  metadata.set('grpc-retry-pushback-ms', '100');
  metadata.set('details-bin', Buffer.from([0, 1, 255]));
  const refusal = trailersOnly({ code: status.UNAVAILABLE, message: 'plein à 100 %', metadata });
  refuseEarly(server, {
    hasRoom,
    refusalOf: () => refusal,
    onLeft: (path) => left.push(path),
    callerOf: () => undefined,
  });
  const target = `127.0.0.1:${port}`;
  const client = opened.closed(new QuotaServiceClient(target, credentials.createInsecure()), (each) =>
    each.close(),
  );
  return {
    target,
    client,
    interceptedCount: () => interceptedCount,
    left,
    hurried,
  };
}

const recorded = { subject: '1', service: 's', requestId: '1', callTime: undefined };

function admit(client: QuotaServiceClient) {
  return new Promise<{ code: status; details: string; metadata: Metadata }>((resolve, reject) => {
    client.admit({ subject: '1', policy: 'p', requestId: '', cost: undefined }, (error) =>
      error ? resolve(error) : reject(new Error('it was answered')),
    );
  });
}

function openStream(session: ClientHttp2Session, path: string) {
  return session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
}

describe('early refusals', () => {
  test('a rejected call has its status, text and trailers whole, unheard by the library', async () => {
    const { client, interceptedCount } = await serve();

    const { code, details, metadata } = await admit(client);

    expect({ code, details }).toEqual({ code: status.UNAVAILABLE, details: 'plein à 100 %' });
    expect(metadata.get('grpc-retry-pushback-ms')).toEqual(['100']);
    expect(metadata.get('details-bin')).toEqual([Buffer.from([0, 1, 255])]);
    expect(interceptedCount()).toBe(0);
  });

  test('a call that is not refused is answered by the library', async () => {
    const { client, interceptedCount } = await serve();

    const answer = await new Promise((resolve, reject) => {
      client.recordCall(recorded, (error, reply) => (error ? reject(error) : resolve(reply)));
    });

    expect(answer).toEqual({ recorded: true });
    expect(interceptedCount()).toBe(1);
  });

  test('a refused call whose request never ends is closed by the server', async () => {
    const { target } = await serve();
    const session = opened.closed(connect(`http://${target}`), (each) => each.destroy());
    const stream = openStream(session, ADMIT);
    stream.write(Buffer.from([0]));

    const [headers] = await once(stream, 'response');
    stream.resume();
    await once(stream, 'close');

    expect(headers['grpc-status']).toBe('14');
  });

  test('callers that leave before their refusal are counted, and the server goes on', async () => {
    const { target, client, left } = await serve();
    const session = opened.closed(connect(`http://${target}`), (each) => each.destroy());
    for (let i = 0; i < 50; i += 1) {
      const stream = openStream(session, ADMIT);
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    }

    await until('the server has seen that they left', () => left.length > 0);

    expect(new Set(left)).toEqual(new Set([ADMIT]));
    expect((await admit(client)).code).toBe(status.UNAVAILABLE);
  });

  test('once callers that had to wait for room leave early, the next ones are decided soon or not at all', async () => {
    let asked = 0;
    // Each finds room once it has waited.
    const { client, hurried, interceptedCount } = await serve({ hasRoom: () => asked++ % 2 === 1 });
    const request = { subject: '1', policy: 'p', requestId: '', cost: undefined };
    for (let count = 1; count <= 20; count += 1) {
      const call = client.admit(request, () => undefined);
      await until('it is let in', () => interceptedCount() === count);
      call.cancel();
    }

    await until('the next one is hurried', () => {
      client.admit(request, () => undefined);
      return hurried.at(-1) === true;
    });
    expect(hurried[0]).toBe(false);
  });
});
