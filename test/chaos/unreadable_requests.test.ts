import { Client, credentials, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { closedAfterEach } from '../helpers/opened';
import { failureOf } from '../helpers/quota_client';

const opened = closedAfterEach();

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
      const deadline = Date.now() + 10_000;
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
    return keys.flat().filter((key) => !own.includes(key.slice(space.prefix.length)));
  }

  return { daemon, send, written };
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
    '%s, INVALID_ARGUMENT for whatever cannot be read, and it goes on serving',
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

  test('a call time beyond what a number holds, INVALID_ARGUMENT', async () => {
    const { send } = await start();
    const callTime = Buffer.from('220a08ffffffffffffffff7f', 'hex');

    const failure = await failureOf(
      send('RecordCall', Buffer.concat([subject(Buffer.from('42')), second('vente'), callTime])),
    );

    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ['call_time'] });
  });

  test('a call time with more nanos than a second has, INVALID_ARGUMENT that names it and nothing written', async () => {
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
  ])('%s, INVALID_ARGUMENT that names the subject, and nothing written', async (method, name) => {
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
