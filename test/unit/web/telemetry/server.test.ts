import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createMetricsServer } from '../../../../web/telemetry/server';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function ask(path: string, init: RequestInit = {}, text = async () => 'a 1\n'): Promise<string> {
  const server = createMetricsServer({ text, contentType: 'text/plain; version=0.0.4' });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init);
  return `${response.status} ${response.headers.get('content-type')} ${await response.text()}`;
}

test('metrics server: /metrics has the text in its type', async () => {
  expect(await ask('/metrics?x')).toBe('200 text/plain; version=0.0.4 a 1\n');
});

test.each([
  ['/', {}, 404],
  ['/metrics', { method: 'POST' }, 405],
])('metrics server: %s %j is answered %d', async (path, init, status) => {
  expect(await ask(path, init)).toMatch(new RegExp(`^${status} `));
});

test('metrics server: a text that cannot be made gets a 500 and no end of the process', async () => {
  expect(await ask('/metrics', {}, () => Promise.reject(new Error('broken')))).toMatch(/^500 .*broken/s);
});
