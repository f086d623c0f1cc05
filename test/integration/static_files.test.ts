import { readdirSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadAssets } from '../../web/assets';
import { createTestDatabase, type TestDatabase } from '../helpers/mysql';
import { startWeb, type TestWeb } from '../helpers/web';

/** No daemon is there: files need none. */
const NOWHERE = '127.0.0.1:1';

const assets = loadAssets(join(__dirname, '../../dist/web'));

let database: TestDatabase;
let web: TestWeb;
beforeAll(async () => {
  database = await createTestDatabase();
  web = await startWeb({ mysqlUrl: database.url, quotaTarget: NOWHERE });
});
afterAll(async () => {
  await web.stop();
  await database.drop();
});

type Answer = { status: number | undefined; headers: IncomingHttpHeaders; body: Buffer };

/** Unlike fetch, leaves the body as it travels. */
function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(`${web.url}${path}`, { headers, agent: false }, async (answer) => {
      resolve({ status: answer.statusCode, headers: answer.headers, body: await buffer(answer) });
    })
      .on('error', reject)
      .end();
  });
}

describe('static files', () => {
  test.each([
    ['site.css', 'text/css; charset=utf-8'],
    ['site.js', 'text/javascript; charset=utf-8'],
    ['favicon.svg', 'image/svg+xml'],
  ])('%s may be kept for ever by whoever asked, and has nothing personal with it', async (name, type) => {
    const { status, headers } = await get(assets.url(name));

    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['set-cookie']).toBeUndefined();
  });

  test.each([
    ['br, gzip', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
  ])('a browser that takes %s gets the file in %s', async (accepted, encoding, decompress) => {
    const url = assets.url('site.css');
    const plain = await get(url);
    const packed = await get(url, { 'accept-encoding': accepted });

    expect(packed.headers).toMatchObject({ 'content-encoding': encoding, vary: 'Accept-Encoding' });
    expect(packed.body.length).toBeLessThan(plain.body.length / 2);
    expect(decompress(packed.body).equals(plain.body)).toBe(true);
  });

  test('a browser without compression gets the plain file, and caches learn that it varies', async () => {
    const { headers } = await get(assets.url('site.css'));

    expect(headers['content-encoding']).toBeUndefined();
    expect(headers.vary).toBe('Accept-Encoding');
  });

  test('a part of a file is asked for, the whole file, as parts of it are not packed apart', async () => {
    const url = assets.url('site.css');
    const plain = await get(url);
    const part = await get(url, { 'accept-encoding': 'gzip', range: 'bytes=0-4999' });

    expect([part.status, part.headers['content-range']]).toEqual([200, undefined]);
    expect(gunzipSync(part.body).equals(plain.body)).toBe(true);
  });

  test('a file that is not there, and what the build keeps for itself are not found and not kept', async () => {
    for (const path of ['/assets/site-00000000.css', '/assets/.stamp', '/assets_manifest.json']) {
      const { status, headers } = await get(path);

      expect([path, status, headers['cache-control']]).toEqual([path, 404, 'no-store']);
    }
  });

  test('the sources of the scripts and styles are served nowhere', async () => {
    const served = readdirSync(join(__dirname, '../../dist/web/assets'));
    const { body } = await get(assets.url('site.js'));

    expect(served.filter((name) => name.endsWith('.map'))).toEqual([]);
    expect(body.toString()).not.toContain('sourceMappingURL');
  });

  test('a page is not compressed: its length would reveal its secrets', async () => {
    const { headers } = await get('/login', { 'accept-encoding': 'br, gzip' });

    expect(headers['content-encoding']).toBeUndefined();
  });

  test('every file that a page names is there', async () => {
    const html = (await get('/login')).body.toString();
    const paths = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    const statuses = await Promise.all(paths.map(async (path) => (await get(path)).status));

    expect(paths).toEqual(expect.arrayContaining([assets.url('site.css'), assets.url('site.js')]));
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test('a page has its scripts and their requests from this site alone, and none inline', async () => {
    const policy = String((await get('/login')).headers['content-security-policy']).split(';');

    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'"]),
    );
    expect(policy.join()).not.toContain('unsafe');
  });

  test('/favicon.ico leads to the icon', async () => {
    const { status, headers } = await get('/favicon.ico');

    expect([status, headers.location]).toEqual([302, assets.url('favicon.svg')]);
  });

  test('/robots.txt leaves all that is public free to read', async () => {
    const { headers, body } = await get('/robots.txt');

    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(body.toString()).toBe('User-agent: *\nDisallow:\n');
  });
});
