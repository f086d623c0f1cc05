import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { formatAddress, ListenFailed, listenAt, parseAddress } from '../../../environment/listen';

const servers: Server[] = [];

function newServer(): Server {
  const server = createServer();
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

describe('parseAddress', () => {
  test.each([
    ['127.0.0.1:3000', { host: '127.0.0.1', port: 3000 }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    ['[::1]:50051', { host: '::1', port: 50_051 }],
    ['[fe80::1%lo]:1', { host: 'fe80::1%lo', port: 1 }],
  ])('parseAddress: %s is read and written again', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  test.each([
    '',
    '3000',
    ':3000',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:http',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:3000 ',
    'a host:3000',
    '::1:3000',
    '[::1]',
    '[]:3000',
    '[localhost]:3000',
    '[127.0.0.1]:3000',
    '[::1:3000',
    '::1]:3000',
    'http://localhost:3000',
    'a/b:3000',
  ])('parseAddress: %j is nothing', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('listenAt', () => {
  test('listenAt: port 0 answers the port that the system chose', async () => {
    const port = await listenAt(newServer(), { variable: 'WEB_LISTEN', listen: '127.0.0.1:0' });
    expect(port).toBeGreaterThan(0);
    expect(servers[0]?.address()).toMatchObject({ address: '127.0.0.1', port });
  });

  test('listenAt: a port that is taken fails with the variable, the address and the cause', async () => {
    const port = await listenAt(newServer(), { variable: 'WEB_LISTEN', listen: '127.0.0.1:0' });
    const failure = listenAt(newServer(), { variable: 'WEB_LISTEN', listen: `127.0.0.1:${port}` });
    await expect(failure).rejects.toBeInstanceOf(ListenFailed);
    await expect(failure).rejects.toThrow(
      new RegExp(`^WEB_LISTEN: cannot listen on 127\\.0\\.0\\.1:${port}: address in use$`),
    );
  });

  test('listenAt: no address fails and listens nowhere', async () => {
    const server = newServer();
    const failure = listenAt(server, { variable: 'WEB_LISTEN', listen: 'nowhere' });
    await expect(failure).rejects.toThrow(
      'WEB_LISTEN: cannot listen on nowhere: it is not of the form HOST:PORT',
    );
    expect(server.listening).toBe(false);
  });
});
