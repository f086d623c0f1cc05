import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { createClient } from '../../daemon/redis/places';
import { provided } from '../helpers/environment';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

/** The strings of an array or, in RESP3, of a push, without the type. */
const strings = (...texts: readonly string[]) =>
  `${texts.length}\r\n${texts.map((text) => `$${text.length}\r\n${text}\r\n`).join('')}`;

/** A Sentinel that announces a failover to its subscribers each time that it is asked for the master, then answers. */
async function startAnnouncing(masterPort: string) {
  const sockets = new Set<Socket>();
  const subscribers = new Set<Socket>();
  let asked = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => subscribers.delete(socket));
    socket.on('data', (bytes) => {
      for (const command of bytes.toString().split(/^\*/m).slice(1)) answer(socket, command);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  function answer(socket: Socket, command: string): void {
    if (/\r\nsubscribe\r\n/i.test(command)) {
      socket.write(`>3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n`);
      subscribers.add(socket);
    } else if (/get-master-addr-by-name/i.test(command)) {
      asked += 1;
      for (const subscriber of subscribers)
        subscriber.write(`>${strings('message', '+switch-master', 'quota')}`);
      setTimeout(() => socket.write(`*${strings('127.0.0.1', masterPort)}`), 100);
    } else socket.write('+OK\r\n');
  }

  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    port: address.port,
    askedCount: () => asked,
    hasSubscriber: () => subscribers.size > 0,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test('a failover that is announced while a lost connection is being replaced does not end the connecting', async () => {
  const { port: masterPort, username, password } = new URL(provided('TEST_REDIS_URL'));
  const sentinel = opened.closed(await startAnnouncing(masterPort), (each) => each.close());
  const account = password === '' ? '' : `${username}:${password}@`;
  const url = `redis+sentinel://${account}127.0.0.1:${sentinel.port}/quota/0`;
  const redis = opened.closed(createClient(url), (each) => each.disconnect());
  redis.on('error', () => undefined);
  await until('the first connection', () => redis.status === 'ready' && sentinel.hasSubscriber());

  redis.stream.destroy();
  await until('another question', () => sentinel.askedCount() > 1);
  await until('another connection', () => redis.status === 'ready' || redis.status === 'end');

  expect(redis.status).toBe('ready');
});
