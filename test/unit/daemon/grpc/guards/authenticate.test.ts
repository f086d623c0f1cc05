import { once } from 'node:events';
import {
  Client,
  credentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Access } from '../../../../../daemon/access/access';
import { PermissionDenied, Unauthenticated } from '../../../../../daemon/access/errors';
import { createStreamLimits } from '../../../../../daemon/access/stream_limits';
import { createAuthentication } from '../../../../../daemon/grpc/guards/authenticate';
import { guardRequests } from '../../../../../daemon/grpc/guards/guards';
import { createRequestLog } from '../../../../../daemon/grpc/request_log';
import { failureOf } from '../../../../helpers/quota_client';
import { until } from '../../../../helpers/wait';

const ECHO = '/test.Echo/Echo';
const STREAM = '/test.Echo/Stream';

const asIs = (bytes: Buffer) => bytes;
const closes: (() => void)[] = [];
afterEach(() => {
  for (const close of closes.splice(0)) close();
});

/** A server whose one answer is the metadata that its handler saw. */
async function serveEcho(access: Pick<Access, 'admit'>) {
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line) => lines.push(line) });
  let refusedStreams = 0;
  const authentication = createAuthentication({
    access,
    streams: createStreamLimits({ isProxy: () => false, perConnection: 2 }),
    onStreamRefused: () => {
      refusedStreams += 1;
    },
    log: createRequestLog({ logger, hashOf: (subject) => subject }),
  });
  const server = new Server({ interceptors: [guardRequests([authentication])] });
  let handled = 0;
  const echo: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    handled += 1;
    callback(null, Buffer.from(JSON.stringify(call.metadata.toJSON())));
  };
  const stream: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    handled += 1;
    call.write(Buffer.from('first'));
    if (String(call.request) === 'end') call.end();
  };
  const method = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs };
  const whole = { ...method, responseDeserialize: asIs, requestStream: false };
  server.addService(
    {
      echo: { ...whole, path: ECHO, responseStream: false },
      stream: { ...whole, path: STREAM, responseStream: true },
    },
    { echo, stream },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closes.push(() => {
    client.close();
    server.forceShutdown();
  });
  return { client, lines, handledCount: () => handled, refusedStreamCount: () => refusedStreams };
}

function ask(client: Client, headers: Record<string, string>): Promise<Record<string, string[]>> {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(ECHO, asIs, asIs, Buffer.alloc(0), metadata, (error, answer) => {
      if (error) reject(error);
      else resolve(JSON.parse(String(answer)));
    });
  });
}

const welcoming: Pick<Access, 'admit'> = { admit: () => ({ name: 'alice', role: 'operator' }) };

function refusing(error: Error): Pick<Access, 'admit'> {
  return {
    admit() {
      throw error;
    },
  };
}

describe('authentication', () => {
  test('a call that is admitted, its handler sees who makes it and not the token', async () => {
    const { client } = await serveEcho({ admit: () => ({ name: 'alice', role: 'operator' }) });

    const seen = await ask(client, { authorization: 'Bearer s3cret', 'x-request-id': 'r1' });

    expect(seen).toMatchObject({ 'quota-identity': ['alice'], 'x-request-id': ['r1'] });
    expect(seen.authorization).toBeUndefined();
  });

  test('a client that says who it is is not believed', async () => {
    const { client } = await serveEcho({ admit: () => ({ name: 'web', role: 'caller' }) });

    expect((await ask(client, { 'quota-identity': 'alice' }))['quota-identity']).toEqual(['web']);
  });

  test('a name that no header holds is sent in ASCII', async () => {
    const { client } = await serveEcho({ admit: () => ({ name: 'zoé\r\n', role: 'caller' }) });

    expect((await ask(client, {}))['quota-identity']).toEqual(['zo???']);
  });

  test.each([
    ['nobody', new Unauthenticated('unknown'), status.UNAUTHENTICATED, 'UNAUTHENTICATED'],
    ['the wrong role', new PermissionDenied('web'), status.PERMISSION_DENIED, 'PERMISSION_DENIED'],
    ['a fault of ours', new TypeError('inner s3cret'), status.INTERNAL, 'INTERNAL'],
  ])('%s is answered with its reason before the handler', async (_, error, code, reason) => {
    const { client, handledCount } = await serveEcho(refusing(error));
    const failure = await failureOf(ask(client, { authorization: 'Bearer s3cret' }));

    expect(failure).toMatchObject({ code, reason });
    expect(failure.message).not.toContain('s3cret');
    expect(handledCount()).toBe(0);
  });

  test('a rejection is one line of the log without the token', async () => {
    const { client, lines } = await serveEcho(refusing(new Unauthenticated('unknown')));
    await failureOf(ask(client, { authorization: 'Bearer s3cret' }));

    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ method: ECHO, msg: 'request rejected', level: 30 }),
    ]);
    expect(lines.join()).not.toContain('s3cret');
  });

  test('a stream whose caller loses the right to it is ended with the refusal', async () => {
    let isWelcome = true;
    const { client } = await serveEcho({
      admit() {
        if (!isWelcome) throw new Unauthenticated('unknown');
        return { name: 'alice', role: 'operator' };
      },
    });
    const stream = client.makeServerStreamRequest(STREAM, asIs, asIs, Buffer.alloc(0));
    const seen: string[] = [];
    const ended = new Promise<ServiceError>((resolve) => {
      stream.on('error', (error) => resolve(error as ServiceError));
    });
    stream.on('data', (bytes: Buffer) => {
      seen.push(String(bytes));
      isWelcome = false;
    });

    expect((await ended).code).toBe(status.UNAUTHENTICATED);
    expect(seen).toEqual(['first']);
  });

  test('more streams on one connection than it may have are RESOURCE_EXHAUSTED until one has ended', async () => {
    const { client, handledCount, refusedStreamCount } = await serveEcho(welcoming);
    const open = () => client.makeServerStreamRequest(STREAM, asIs, asIs, Buffer.alloc(0));
    const first = [open(), open()];
    for (const stream of first) stream.on('error', () => undefined);
    await Promise.all(first.map((stream) => once(stream, 'data')));

    const third = open();
    third.resume();
    const [error] = (await once(third, 'error')) as [ServiceError];
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect([handledCount(), refusedStreamCount()]).toEqual([2, 1]);

    first[0]?.cancel();
    await until('room for one more', () => {
      const next = open();
      const isTaken = once(next, 'data').then(
        () => true,
        () => false,
      );
      next.on('error', () => undefined);
      return isTaken;
    });
  });

  test('streams that their handler ends give back their places', async () => {
    const { client } = await serveEcho(welcoming);
    for (let i = 0; i < 5; i += 1) {
      const stream = client.makeServerStreamRequest(STREAM, asIs, asIs, Buffer.from('end'));
      stream.resume();
      await once(stream, 'end');
    }
  });
});
