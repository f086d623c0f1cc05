import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type CookieFetch, createCookieFetch, csrfTokenIn } from '../../../../scripts/demo/cookie_fetch';

let server: Server;
let browser: CookieFetch;
let asked: IncomingMessage[] = [];
let setCookies: string[] = [];

beforeEach(async () => {
  asked = [];
  setCookies = [];
  server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(303, { location: '/elsewhere', 'set-cookie': setCookies }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  browser = createCookieFetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function answerWith(...lines: string[]): Promise<void> {
  setCookies = lines;
  await browser.fetch('/');
}

describe('cookie fetch', () => {
  test('cookie fetch: cookies that were set are sent with the next request', async () => {
    await answerWith('sid=s%3Aa=b.c; Path=/; HttpOnly', 'language=fr');
    await browser.fetch('/next', { headers: { 'accept-language': 'fr' } });
    expect(asked.at(-1)?.headers).toMatchObject({
      cookie: 'sid=s%3Aa=b.c; language=fr',
      'accept-language': 'fr',
    });
  });

  test.each(['sid=; Path=/', 'sid=gone; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])(
    'cookie fetch: %s takes the cookie back',
    async (line) => {
      await answerWith('sid=1');
      await answerWith(line);
      expect([...browser.cookies]).toEqual([]);
    },
  );

  test('cookie fetch: a redirect is answered and not followed', async () => {
    const { status, headers } = await browser.fetch('/form', { method: 'POST', body: new URLSearchParams() });
    expect([status, headers.get('location')]).toEqual([303, '/elsewhere']);
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /form']);
  });
});

test.each([
  ['<input type="hidden" name="_csrf" value="abc.def">', 'abc.def'],
  ['<p>no form</p>', undefined],
])('csrfTokenIn: %s gives %s', (html, token) => {
  expect(csrfTokenIn(html)).toBe(token);
});
