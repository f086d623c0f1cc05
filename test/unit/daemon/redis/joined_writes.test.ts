import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Command, Redis } from 'ioredis';
import { joinWrites } from '../../../../daemon/redis/joined_writes';

/** A client that writes each command at once, and what reached its connection, write by write. */
function clientWithWrites() {
  const writes: string[][] = [];
  const newStream = () =>
    new Writable({
      decodeStrings: false,
      write(text: string, _, done) {
        writes.push([text]);
        done();
      },
      writev(chunks, done) {
        writes.push(chunks.map(({ chunk }) => String(chunk)));
        done();
      },
    });
  const client = {
    stream: undefined as Writable | undefined,
    sendCommand: (command: string) => client.stream?.write(command),
  };
  joinWrites(client as unknown as Redis);
  const send = (name: string) => (client as unknown as Redis).sendCommand(name as unknown as Command);
  return { client, writes, send, newStream };
}

test('joined writes: the commands of one turn go out in one write and in order, those of promises included', async () => {
  const { client, writes, send, newStream } = clientWithWrites();
  client.stream = newStream();
  send('a');
  void Promise.resolve().then(() => send('b'));
  send('c');
  await nextTurn();
  send('d');
  await nextTurn();

  expect(writes.flat()).toEqual(['a', 'c', 'b', 'd']);
  expect(writes.length).toBeLessThan(4);
  expect(writes.at(-1)).toEqual(['d']);
});

test('joined writes: many commands of one continuation go out in one write', async () => {
  const { client, writes, send, newStream } = clientWithWrites();
  client.stream = newStream();
  const names = Array.from({ length: 16 }, (_, at) => `${at}`);
  await Promise.all(names.map((name) => Promise.resolve().then(() => send(name))));
  await nextTurn();

  expect(writes).toEqual([names]);
});

test('joined writes: a command without a connection, and one on another connection, are sent as they are', async () => {
  const { client, writes, send, newStream } = clientWithWrites();
  send('lost');
  client.stream = newStream();
  send('a');
  client.stream = newStream();
  send('b');
  await nextTurn();
  send('c');
  await nextTurn();

  expect(writes).toEqual([['a'], ['b'], ['c']]);
});
