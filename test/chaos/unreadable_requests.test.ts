import { once } from 'node:events';
import { connect } from 'node:http2';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { closedAfterEach } from '../helpers/opened';
import { failureOf } from '../helpers/quota_client';

const opened = closedAfterEach();

/** A length beyond the end. */
const UNREADABLE = Buffer.from('0aff', 'hex');

const METHODS = ['Admit', 'BatchAdmit', 'RecordCall', 'Stats'];

async function start() {
  const space = opened.space();
  const daemon = await opened.daemon({ redisUrl: space.url, prefix: space.prefix });
  const client = opened.closed(new Client(daemon.target, credentials.createInsecure()), (raw) => raw.close());
  const identity = (bytes: Buffer) => bytes;

  /** Sends bytes as they are, as a client of another language, or an enemy, could. */
  function send(method: string, request: Buffer): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      const path = `/quota.v1.QuotaService/${method}`;
      const deadline = Date.now() + 30_000;
      client.makeUnaryRequest(path, identity, identity, request, { deadline }, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  }

  /** Every key that a request could have written. */
  async function written(): Promise<string[]> {
    const keys = await Promise.all(
      [space.admissions, space.calls].map((redis) => redis.keys(`${space.prefix}*`)),
    );
    // What a daemon writes by itself, whether it is asked or not.
    const own = ['partitions', 'probe:{0}', 'control:{0}', 'usage:{0}:state', 'usage:{0}:lease'];
    const isOwn = (key: string) => own.includes(key) || key.startsWith('fleet:{0}:member');
    return keys.flat().filter((key) => !isOwn(key.slice(space.prefix.length)));
  }

  return { daemon, client, send, written };
}

/** Field 1, as bytes. */
function subject(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
}

/** Field 2, as text: the policy of an Admit, the service of a RecordCall. */
function second(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x12, text.length]), Buffer.from(text)]);
}

describe('requests that are no message', () => {
  const garbage = [
    ['a length beyond the end', '0aff'],
    ['a number without an end', '08ffffffffffffffffffffff'],
    ['a field that no message may have', '07'],
    ['a group without an end', '0b'],
  ] as const;

  test.each(METHODS)(
    '%s: everything unreadable gets INVALID_ARGUMENT, and the daemon goes on serving',
    async (method) => {
      const { daemon, send, written } = await start();

      for (const [_, hex] of garbage) {
        expect(await failureOf(send(method, Buffer.from(hex, 'hex')))).toMatchObject({
          code: status.INVALID_ARGUMENT,
          fields: ['request'],
        });
      }
      expect(await written()).toEqual([]);
      expect((await daemon.client.admit({ subject: '42', policy: 'connection' })).limits[0]?.remaining).toBe(
        9,
      );
    },
  );

  test('a call time beyond what a number holds is INVALID_ARGUMENT', async () => {
    const { send } = await start();
    const callTime = Buffer.from('220a08ffffffffffffffff7f', 'hex');

    const failure = await failureOf(
      send('RecordCall', Buffer.concat([subject(Buffer.from('42')), second('vente'), callTime])),
    );

    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ['call_time'] });
  });

  test('a call time with more nanos than a second has is INVALID_ARGUMENT that names it and nothing written', async () => {
    const { send, written } = await start();
    const callTime = Buffer.from('22061080 94ebdc03'.replace(' ', ''), 'hex');

    const failure = await failureOf(
      send('RecordCall', Buffer.concat([subject(Buffer.from('42')), second('vente'), callTime])),
    );

    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ['call_time'] });
    expect(await written()).toEqual([]);
  });
});

describe('requests whose subject is no UTF-8', () => {
  const bad = [
    ['a byte that starts nothing', 'ff'],
    ['a start without its rest', 'c328'],
    ['half of a surrogate pair', 'eda080'],
    ['Latin-1', '636166e9'],
  ] as const;

  test.each([
    ['Admit', 'connection'],
    ['RecordCall', 'vente'],
  ])('%s is INVALID_ARGUMENT that names the subject, and nothing is written', async (method, name) => {
    const { send, written } = await start();

    for (const [_, hex] of bad) {
      const request = Buffer.concat([subject(Buffer.from(hex, 'hex')), second(name)]);
      expect(await failureOf(send(method, request))).toMatchObject({
        code: status.INVALID_ARGUMENT,
        fields: ['subject'],
      });
    }
    expect(await written()).toEqual([]);
  });
});

describe('unreadable requests to services of libraries', () => {
  const identity = (bytes: Buffer) => bytes;

  test.each(['/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/List'])(
    '%s is INVALID_ARGUMENT',
    async (path) => {
      const { client } = await start();
      const failure = new Promise<ServiceError | null>((resolve) => {
        client.makeUnaryRequest(path, identity, identity, UNREADABLE, (error) => resolve(error));
      });

      expect(await failure).toMatchObject({ code: status.INVALID_ARGUMENT });
    },
  );

  test('a health that is watched is INVALID_ARGUMENT', async () => {
    const { client } = await start();
    const path = '/grpc.health.v1.Health/Watch';
    const call = client.makeServerStreamRequest(path, identity, identity, UNREADABLE).resume();
    const [error] = await once(call, 'error');

    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  test.each(['v1', 'v1alpha'])('the reflection answers %s with INVALID_ARGUMENT', async (version) => {
    const { client } = await start();
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const call = client.makeBidiStreamRequest(path, identity, identity).resume();
    call.write(UNREADABLE);
    const [error] = await once(call, 'error');

    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  test('the health of a name that is half of a surrogate pair is NOT_FOUND without the name', async () => {
    const { client } = await start();
    const name = Buffer.from('0a03eda080', 'hex');
    const failure = new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest('/grpc.health.v1.Health/Check', identity, identity, name, (error) =>
        resolve(error),
      );
    });

    expect(await failure).toMatchObject({ code: status.NOT_FOUND, details: 'unknown service' });
  });
});

describe('requests that HTTP/2 carries and gRPC cannot read', () => {
  /** The status of an Admit with these headers, whose message is no compressed one. */
  async function statusWith(headers: Record<string, string>): Promise<unknown> {
    const { daemon } = await start();
    const session = opened.closed(connect(`http://${daemon.target}`), (each) => each.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/quota.v1.QuotaService/Admit',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.end(Buffer.from([1, 0, 0, 0, 2, 0xff, 0xff]));
    const [answer] = await once(stream, 'response');
    return answer['grpc-status'];
  }

  test.each(['1X', '', '123456789S', '-1S', '1.5S'])(
    'a timeout of %j is INVALID_ARGUMENT',
    async (timeout) => {
      expect(await statusWith({ 'grpc-timeout': timeout })).toBe(String(status.INVALID_ARGUMENT));
    },
  );

  test.each(['gzip', 'deflate'])('a message that is not %s is INVALID_ARGUMENT', async (encoding) => {
    expect(await statusWith({ 'grpc-encoding': encoding })).toBe(String(status.INVALID_ARGUMENT));
  });
});
