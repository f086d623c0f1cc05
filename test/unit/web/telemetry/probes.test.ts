import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Parts, withProbes } from '../../../../web/telemetry/probes';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const site: RequestListener = (_req, res) => res.end('the site');

async function ask(path: string, parts: Parts = {}): Promise<{ status: number; text: string }> {
  const server = createServer(withProbes({ site, parts }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  return { status: response.status, text: await response.text() };
}

describe('withProbes', () => {
  test('/livez answers 200 for any state of the parts', async () => {
    const parts = { mysql: async () => false };
    expect(await ask('/livez', parts)).toEqual({ status: 200, text: '{"live":true}\n' });
  });

  test('/readyz with every part ready is a 200', async () => {
    const parts = { mysql: async () => true, quota: async () => true };
    expect(await ask('/readyz', parts)).toEqual({
      status: 200,
      text: '{"ready":true,"parts":{"mysql":true,"quota":true}}\n',
    });
  });

  test('/readyz with a part that fails and one that hangs gets a 503 that names them', async () => {
    const parts = {
      mysql: () => Promise.reject(new Error('inner message')),
      quota: () => new Promise<boolean>(() => undefined),
    };
    expect(await ask('/readyz?verbose', parts)).toEqual({
      status: 503,
      text: '{"ready":false,"parts":{"mysql":false,"quota":false}}\n',
    });
  });

  test.each(['/', '/livezz', '/login'])('%s is the site', async (path) => {
    expect((await ask(path)).text).toBe('the site');
  });
});
