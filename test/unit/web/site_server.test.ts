import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createSiteServer } from '../../../web/site_server';

const LIMITS = { headersMs: 300, requestMs: 600, checkMs: 50 };

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Sends parts of a request, each after a pause; the whole answer, and after how long the connection was closed. */
async function send(parts: readonly string[], pauseMs: number): Promise<{ answer: string; ms: number }> {
  const server = createSiteServer((req, res) => {
    req.resume().on('end', () => res.setHeader('Connection', 'close').end('received'));
  }, LIMITS);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const startedMs = performance.now();
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text;
  });
  const ended = new Promise((resolve) => socket.once('close', resolve));
  // The server may have closed it by the next part.
  socket.on('error', () => undefined);
  for (const [at, part] of parts.entries())
    setTimeout(() => socket.writable && socket.write(part), at * pauseMs);
  await ended;
  return { answer, ms: performance.now() - startedMs };
}

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n';

describe('createSiteServer', () => {
  test('a body in one piece is received', async () => {
    expect((await send([HEAD, 'x'.repeat(40)], 0)).answer).toMatch(/^HTTP\/1\.1 200 OK.*received$/s);
  });

  test('a body byte by byte gets a 408 and is closed in time', async () => {
    const { answer, ms } = await send([HEAD, ...'x'.repeat(40)], 100);

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(ms).toBeLessThan(3000);
  });

  test('headers that never end get a 408', async () => {
    const { answer } = await send(
      ['POST / HTTP/1.1\r\nHost: x\r\n', ...'X-A: b\r\n'.repeat(20).split('')],
      50,
    );

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });
});
