import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const PROXIES = {
  QUOTA_MAX_STREAMS: '20',
  QUOTA_MAX_CONNECTIONS_PER_ADDRESS: '3',
  QUOTA_PROXIES: 'loopback',
  QUOTA_PROXY_MAX_STREAMS: '300',
  QUOTA_PROXY_MAX_CONNECTIONS: '30',
};

function start(env: Record<string, string>): Promise<TestDaemon> {
  return opened.daemon({ redisUrl: 'memory:', env });
}

async function openSession({ target }: TestDaemon): Promise<ClientHttp2Session> {
  const session = opened.closed(connectHttp2(`http://${target}`), (open) => open.destroy());
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  return session;
}

/** Opens watches of the health; how many of them were refused. */
async function refusedWatches(session: ClientHttp2Session, count: number): Promise<number> {
  const codes: unknown[] = [];
  for (let i = 0; i < count; i += 1) {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Watch',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    stream.on('response', (headers) => codes.push(headers['grpc-status']));
    stream.resume();
    stream.end(Buffer.alloc(5));
  }
  await until('every answer', () => codes.length === count);
  return codes.filter((code) => code === String(status.RESOURCE_EXHAUSTED)).length;
}

/** How many of ten connections stay open. */
async function openConnections({ target }: TestDaemon): Promise<number> {
  const [host = '', port] = target.split(':');
  const sockets = Array.from({ length: 10 }, () => {
    const socket = opened.closed(connect(Number(port), host), (each) => each.destroy());
    socket.on('error', () => undefined);
    return socket;
  });
  // The daemon sends its settings to those that it keeps.
  const kept = await Promise.all(
    sockets.map((socket) =>
      Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]),
    ),
  );
  return kept.filter(Boolean).length;
}

describe('a peer that is named as a proxy', () => {
  test('may have more calls and more lasting streams on one connection', async () => {
    const session = await openSession(await start(PROXIES));
    await until('its own limit', () => session.remoteSettings.maxConcurrentStreams === 300);

    expect(await refusedWatches(session, 100)).toBe(0);
  });

  test('may have more connections', async () => {
    expect(await openConnections(await start(PROXIES))).toBe(10);
  });
});

describe('another peer', () => {
  test('has the limits of everybody', async () => {
    const daemon = await start({ ...PROXIES, QUOTA_PROXIES: '10.0.0.0/8' });
    const session = await openSession(daemon);

    expect(session.remoteSettings.maxConcurrentStreams).toBe(20);
    expect(await refusedWatches(session, 18)).toBe(2);
  });

  test('has few connections', async () => {
    // The test's own client has none open before it asks.
    expect(await openConnections(await start({ ...PROXIES, QUOTA_PROXIES: '10.0.0.0/8' }))).toBe(3);
  });
});
