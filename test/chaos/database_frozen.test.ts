import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectBounded } from '../../web/bounded_pool';
import { inTransaction, isDatabaseUnavailable } from '../../web/database';
import { type FreezingProxy, startFreezingProxy } from '../helpers/freezing_proxy';
import { createTestDatabase, type TestDatabase } from '../helpers/mysql';
import { closedAfterEach } from '../helpers/opened';
import { until, within } from '../helpers/wait';
import { startWeb } from '../helpers/web';

/** More than the pool has connections. */
const PAGES = 25;

/** Longer than what is awaited may take together, so that a failure names it. */
const LIMIT_MS = 240_000;

const opened = closedAfterEach();
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function openProxy(): Promise<{ proxy: FreezingProxy; url: string }> {
  const url = new URL(database.url);
  const target = { host: url.hostname, port: Number(url.port) };
  const proxy = opened.closed(await startFreezingProxy(target), (own) => own.close());
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  return { proxy, url: url.href };
}

test(
  'a frozen MySQL: every page is 503 within seconds, also for many at once, and the site recovers',
  async () => {
    const { proxy, url } = await openProxy();
    const web = await startWeb({ mysqlUrl: url, quotaTarget: '127.0.0.1:1' });
    opened.closed(web, () => web.stop());
    const open = async () => {
      // The home page may show for a second what it read before.
      const response = await fetch(`${web.url}/services/achat`);
      return [response.status, response.headers.get('retry-after')];
    };
    await until('a page', async () => (await open())[0] === 200);

    proxy.freeze();
    const answers = await within('pages', Promise.all(Array.from({ length: PAGES }, open)));
    expect(answers).toEqual(Array(PAGES).fill([503, '5']));
    expect((await within('the probe', fetch(`${web.url}/readyz`))).status).toBe(503);

    proxy.thaw();
    await until('a page as before', async () => (await open())[0] === 200);
  },
  LIMIT_MS,
);

test(
  'a connection that is held and gets no answer: its work fails as an outage, and the pool goes on',
  async () => {
    const { proxy, url } = await openProxy();
    const { pool, use } = connectBounded(url);
    opened.closed(pool, (own) => own.end());
    const work = inTransaction(pool, async (connection) => {
      proxy.freeze();
      await connection.query('SELECT 1');
    });
    const failure = await within(
      'the work',
      work.catch((error: unknown) => error),
    );
    expect(isDatabaseUnavailable(failure)).toBe(true);

    proxy.thaw();
    await until('an answer', () =>
      pool.query('SELECT 1').then(
        () => true,
        () => false,
      ),
    );
    await until('a pool of which nothing is used', () => use().used === 0 && use().waiting === 0);
  },
  LIMIT_MS,
);
