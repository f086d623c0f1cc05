import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { handleOf } from '../../daemon/grpc/listening/session_handles';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createRandom, type Random } from '../../scripts/demo/random';
import { COLLECTING } from '../helpers/fuzz/heap';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd } from '../helpers/quota_client';

const opened = closedAfterEach();

/** Between two collections, so that there is much of which one thing may be collected before another. */
const SESSIONS = 450;
const AT_ONCE = 30;
const COLLECTIONS = 4;
const COLLECTED_MS = 100;

/** More headers than the daemon takes. */
const TOO_MANY = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`h${at}`, `value-${at}`]));

async function openSession(target: string): Promise<ClientHttp2Session> {
  const session = connect(`http://${target}`);
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

/** Some requests that are refused for their headers, among others; then the connection is gone. */
async function sendRefused(target: string, random: Random): Promise<void> {
  const session = await openSession(target);
  for (let at = 0; at < 8 && !session.destroyed && !session.closed; at += 1) {
    const stream = session.request(random.isLucky(0.5) ? TOO_MANY : {});
    stream.on('error', () => undefined).resume();
    if (random.isLucky(0.3)) await pause(random.between(0, 20));
    if (random.isLucky(0.5)) stream.destroy();
  }
  await pause(random.between(0, 10));
  session.destroy();
}

test('headers that are refused, on connections that go, leave a process that collects its garbage', async () => {
  const space = opened.space();
  const env = { ...COLLECTING, QUOTA_MAX_CONNECTIONS: '100000', QUOTA_MAX_CONNECTIONS_PER_ADDRESS: '100000' };
  const { target, client, process } = await opened.daemon({ redisUrl: space.url, prefix: space.prefix, env });
  const random = createRandom(1);
  for (let done = 0; done < COLLECTIONS && process.signalCode === null; done += 1) {
    const senders = Array.from({ length: AT_ONCE }, async () => {
      for (let sent = 0; sent < SESSIONS / AT_ONCE && process.signalCode === null; sent += 1)
        await sendRefused(target, random).catch(() => undefined);
    });
    await Promise.all(senders);
    process.kill('SIGUSR2');
    await pause(COLLECTED_MS);
  }

  expect(process.signalCode).toBeNull();
  const { decision } = await admitInTheEnd(client, { subject: 'bystander', policy: 'connection' });
  expect(decision).toBe(Decision.ADMITTED);
});

test('this version of Node has the handle of a session in the expected place', async () => {
  const server = opened.closed(createServer().listen(0, '127.0.0.1'), (each) => each.close());
  await once(server, 'listening');
  const session = await openSession(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  const handle = handleOf(session);
  session.destroy();

  expect(String(Reflect.get(Object(handle), 'constructor'))).toContain('Http2Session');
});
