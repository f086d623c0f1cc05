import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, type Visitor } from '../../helpers/visitor';
import { type Site, serveSite } from './fakes';

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
});

afterEach(() => site.close());

/** The status of a request whose target is sent as it is. */
function statusOf(target: string, { method = 'GET', cookie = '' } = {}): Promise<number | undefined> {
  const { hostname, port } = new URL(site.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: target, method, headers: { cookie }, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    })
      .on('error', reject)
      .end();
  });
}

describe('site', () => {
  test('site: any page has a strict content security policy and a request id', async () => {
    const { response, html } = await visitor.get('/');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none';script-src 'self';connect-src 'self';style-src 'self';img-src 'self';font-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    );
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(html).not.toMatch(/<script(?! defer src=)|<style| style=| on\w+=/);
  });

  test('site: any page cannot be framed and asks the browser for nothing', async () => {
    const { response } = await visitor.get('/');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('permissions-policy')).toMatch(/camera=\(\), .*geolocation=\(\), /);
  });

  test('site: an unknown address is a 404 in the same layout', async () => {
    const { response, html } = await visitor.get('/nowhere');
    expect(response.status).toBe(404);
    expect(html).toContain('<a class="brand" href="/">');
  });

  test('site: an address that cannot be decoded gets a 400', async () => {
    expect((await visitor.get('/language/%zz')).response.status).toBe(400);
  });

  test.each(['GET', 'HEAD', 'POST', 'OPTIONS'])('site: %s without a path is a 400', async (method) => {
    expect(await statusOf('*', { method })).toBe(400);
  });

  test.each(['sid', 'csrf', 'language'])(
    'site: an object as the cookie %s gets the page as without it',
    async (name) => {
      expect(await statusOf('/login', { cookie: `${name}=j:{"a":1}` })).toBe(200);
    },
  );

  test.each([
    ['PUT', '/login', 'GET, HEAD, POST'],
    ['DELETE', '/students/1', 'GET, HEAD'],
    ['POST', '/statistics', 'GET, HEAD'],
  ])('site: %s %s is a 405 with what the page takes', async (method, path, allow) => {
    const response = await fetch(`${site.url}${path}`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(await response.text()).not.toContain('form');
  });

  test.each(['PUT', 'POST'])('site: %s to an unknown address is a 404', async (method) => {
    expect(await statusOf('/nowhere', { method })).toBe(404);
  });

  test('site: a form that is too large gets a 413', async () => {
    const { response } = await visitor.submit('/login', '/login', { email: 'x'.repeat(20_000) });
    expect(response.status).toBe(413);
  });

  test('site: a failure inside gets a 500 with the id to quote but without its message, and a log line with both', async () => {
    site.quota.answers.stats = new Error('secret detail');
    const { response, html } = await visitor.get('/');
    const id = String(response.headers.get('x-request-id'));
    expect(response.status).toBe(500);
    expect(html).not.toContain('secret detail');
    expect(html).toContain(id);
    const line = site.logLines.find((each) => each.includes('secret detail'));
    expect(line).toContain(id);
  });

  test('site: an unreachable database is 503 with Retry-After', async () => {
    site.quota.answers.stats = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', fatal: true });
    const { response } = await visitor.get('/');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });
});

describe('language', () => {
  test.each([
    ['', 'fr'],
    ['*', 'fr'],
    ['fr', 'fr'],
    ['de, fr;q=0.8, en;q=0.5', 'fr'],
    ['de', 'en'],
    ['en-US,en;q=0.9,fr;q=0.8', 'en'],
  ])('language: the browser asks for "%s", %s is spoken', async (asked, language) => {
    const { response, html } = await createVisitor(site.url, { 'accept-language': asked }).get('/login');
    expect(response.headers.get('content-language')).toBe(language);
    expect(html).toContain(`<html lang="${language}">`);
  });

  test('language: no Accept-Language at all, French', async () => {
    const { hostname, port } = new URL(site.url);
    const language = await new Promise((resolve, reject) => {
      request({ hostname, port, path: '/login', agent: false }, (answer) =>
        resolve(answer.resume().headers['content-language']),
      )
        .on('error', reject)
        .end();
    });
    expect(language).toBe('fr');
  });

  test('language: once chosen it is remembered against what the browser asks for, and leads back to the page', async () => {
    const { response } = await visitor.get('/language/fr?back=%2Flogin%3Fa%3D1');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login?a=1']);
    expect(response.headers.getSetCookie().join()).toMatch(/language=fr;.*HttpOnly; SameSite=Lax/);
    expect((await visitor.get('/')).html).toContain('<html lang="fr">');
  });

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', ''])(
    'language: led back to "%s" stays on this site',
    async (back) => {
      const { response } = await visitor.get(`/language/fr?back=${encodeURIComponent(back)}`);
      expect(response.headers.get('location')).toBe('/');
    },
  );

  test('language: one that the site does not speak is a 404', async () => {
    expect((await visitor.get('/language/de')).response.status).toBe(404);
  });

  test('language: a cookie that was tampered with leaves the browser’s language', async () => {
    visitor.cookies.set('language', 'xx');
    expect((await visitor.get('/')).html).toContain('<html lang="en">');
  });
});
