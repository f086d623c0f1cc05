import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import type { TestDaemon } from '../helpers/daemon';
import { openRawClient } from '../helpers/http2_frames';
import { closedAfterEach } from '../helpers/opened';
import { parsePrometheusText } from '../helpers/prometheus_text';
import { admitInTheEnd } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const WATCH = '/grpc.health.v1.Health/Watch';
const ADMIT = '/quota.v1.QuotaService/Admit';

async function start(env: Record<string, string> = {}) {
  const space = opened.space();
  return opened.daemon({ redisUrl: space.url, prefix: space.prefix, env });
}

function openRaw({ target }: TestDaemon) {
  return opened.closed(openRawClient(target), (client) => client.close());
}

async function openSession({ target }: TestDaemon): Promise<ClientHttp2Session> {
  const session = opened.closed(connectHttp2(`http://${target}`), (open) => open.destroy());
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  return session;
}

const headersOf = (path: string, more: Record<string, string> = {}) => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
  ...more,
});

/** Somebody else, on a connection of their own, goes on being served. */
async function expectServed({ client }: TestDaemon): Promise<void> {
  const { decision } = await admitInTheEnd(client, { subject: 'bystander', policy: 'connection' });
  expect(decision).toBe(Decision.ADMITTED);
}

async function refusals({ httpUrl }: TestDaemon): Promise<Record<string, number>> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  const samples = [...(parsePrometheusText(text).get('quota_grpc_refused_total')?.samples ?? [])];
  return Object.fromEntries(samples.map(([series, count]) => [/limit="(\w+)"/.exec(series)?.[1], count]));
}

describe('a stranger who sends too much', () => {
  test('watches of the health without end are sixteen on a connection, and the rest RESOURCE_EXHAUSTED', async () => {
    const daemon = await start();
    const session = await openSession(daemon);
    const codes: unknown[] = [];
    for (let i = 0; i < 200; i += 1) {
      const stream = session.request(headersOf(WATCH));
      stream.on('error', () => undefined);
      stream.on('response', (headers) => codes.push(headers['grpc-status']));
      stream.resume();
      stream.end(Buffer.alloc(5));
    }
    await until('every answer', () => codes.length === 200);

    expect(codes.filter((code) => code === undefined)).toHaveLength(16);
    expect(codes.filter((code) => code === String(status.RESOURCE_EXHAUSTED))).toHaveLength(184);
    expect(await refusals(daemon)).toMatchObject({ streams: 184 });
    await expectServed(daemon);
  });

  test('a watch of a service that there is not is answered and open', async () => {
    const daemon = await start();
    const session = await openSession(daemon);
    const stream = session.request(headersOf(WATCH));
    const name = Buffer.from('nosuch');
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, 8, 0x0a, 6]), name]));
    const [answer] = await once(stream, 'data');

    // SERVICE_UNKNOWN is 3.
    expect((answer as Buffer).toString('hex')).toBe('00000000020803');
    expect(stream.closed).toBe(false);
  });

  test('more calls at once than a connection may have are rejected before anything is done for them', async () => {
    const daemon = await start({ QUOTA_MAX_STREAMS: '20' });
    const raw = openRaw(daemon);
    // Settings hold from when they are acknowledged, which this client does not do of its own accord.
    for (let i = 0; i < 300; i += 1) raw.open(2 * i + 1, ADMIT);
    await until('the refusals', () => raw.resets.size > 0 || raw.isEnded);

    const { maxConcurrentStreams } = (await openSession(daemon)).remoteSettings;
    expect(maxConcurrentStreams).toBe(20);
    await expectServed(daemon);
  });

  test('streams that are opened and reset without end have their connection closed, and nobody else is harmed', async () => {
    const daemon = await start();
    const raw = openRaw(daemon);
    let count = 0;
    while (!raw.isEnded && count < 50_000) {
      for (let i = 0; i < 100; i += 1, count += 1) {
        raw.open(2 * count + 1, WATCH);
        raw.reset(2 * count + 1);
      }
      await new Promise(setImmediate);
    }

    await until('the end of the connection', () => raw.isEnded);
    await expectServed(daemon);
  });

  test.each([
    ['of 9 kB', { 'x-much': 'a'.repeat(9_000) }],
    ['of 100 entries', Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'a']))],
  ])('metadata %s, refused and nothing admitted', async (_, metadata) => {
    const daemon = await start();
    const session = await openSession(daemon);
    const stream = session.request(headersOf(ADMIT, metadata));
    const answers: unknown[] = [];
    stream.on('response', (headers) => answers.push(headers['grpc-status']));
    stream.on('error', () => undefined);
    stream.end(Buffer.alloc(5));
    await new Promise((resolve) => stream.once('close', resolve));

    expect(answers).toEqual([]);
    await expectServed(daemon);
  });

  test('more connections than an address may have are closed and counted until one has gone', async () => {
    const daemon = await start({ QUOTA_MAX_CONNECTIONS_PER_ADDRESS: '3' });
    const [host = '', port] = daemon.target.split(':');
    const dial = () => opened.closed(connect(Number(port), host), (socket) => socket.destroy());
    const first = [dial(), dial(), dial()];
    await Promise.all(first.map((socket) => once(socket, 'connect')));
    const fourth = dial();
    fourth.on('error', () => undefined);
    await once(fourth, 'close');

    expect(await refusals(daemon)).toMatchObject({ connections_per_address: 1 });
    for (const socket of first) socket.destroy();
    await expectServed(daemon);
  });
});
