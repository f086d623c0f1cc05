import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Stats } from '../../../../web/quota/client';
import { createVisitor, type Site, serveSite, unavailable, type Visitor } from '../fakes';

const STATS: Stats = {
  recentUsers: [
    { subject: '1', connectTime: new Date('2025-01-02T03:04:05Z') },
    { subject: '987654', connectTime: undefined },
  ],
  topUsers: [{ subject: '1', count: 8 }],
  leastActiveUsers: [{ subject: '2', count: 1 }],
  services: [
    { service: 'vente', callCount: 5 },
    { service: 'achat', callCount: 0 },
  ],
};

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  site.quota.answers.stats = STATS;
  visitor = createVisitor(site.url);
});

afterEach(() => site.close());

describe('home', () => {
  test('home: a visitor, sees the figures without names or ids, and gets no cookie', async () => {
    const { response, html } = await visitor.get('/');
    expect(response.status).toBe(200);
    expect(html).toContain('<span>a student</span> <span>8 connections</span>');
    expect(html).toContain('<span>a student</span> <span>1 call</span>');
    expect(html).toContain('<span>Vente</span> <span>5 calls</span>');
    expect(html).toContain('<time datetime="2025-01-02T03:04:05.000Z">');
    expect(html).not.toMatch(/Ada|Sam|987654/);
    expect(visitor.cookies.size).toBe(0);
  });

  test('home: a student, sees no name but their own', async () => {
    await visitor.logIn('ada@example.org');
    const { html } = await visitor.get('/');
    expect(html).toContain('You are logged in as <strong>Ada');
    expect(html).not.toMatch(/Sam|987654/);
    expect(html).toContain('<span>a student</span> <span>8 connections</span>');
  });

  test('home: staff, sees names, escaped, and which subjects are no accounts', async () => {
    await visitor.logIn('sam@example.org');
    const { html } = await visitor.get('/');
    expect(html).toContain('<span>Ada &lt;b&gt;Love&lt;/b&gt;</span> <span>8 connections</span>');
    expect(html).toContain('<span>Sam Staff</span> <span>1 call</span>');
    expect(html).toContain('no account of ours (987654)');
    expect(html).not.toContain('<b>Love');
  });

  test('home: no daemon, 200 that says so', async () => {
    site.quota.answers.stats = unavailable();
    const { response, html } = await visitor.get('/');
    expect(response.status).toBe(200);
    expect(html).toContain('The statistics are not available just now.');
  });
});

describe('site', () => {
  test('site: any page, has a strict content security policy and a request id', async () => {
    const { response, html } = await visitor.get('/');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none';style-src 'self';img-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    );
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(html).not.toMatch(/<script|<style| style=| on\w+=/);
  });

  test('site: the style sheet, is served and may be kept', async () => {
    const { response } = await visitor.get('/site.css');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toContain('max-age=3600');
  });

  test('site: an unknown address, 404 in the same layout', async () => {
    const { response, html } = await visitor.get('/nowhere');
    expect(response.status).toBe(404);
    expect(html).toContain('<a class="brand" href="/">');
  });

  test('site: an address that cannot be decoded, 400', async () => {
    expect((await visitor.get('/services/%zz')).response.status).not.toBe(500);
  });

  test('site: a form that is too large, 413', async () => {
    const { response } = await visitor.submit('/login', '/login', { email: 'x'.repeat(10_000) });
    expect(response.status).toBe(413);
  });

  test('site: a failure inside, 500 without its message, and a log line with it', async () => {
    site.quota.answers.stats = new Error('secret detail');
    const { response, html } = await visitor.get('/');
    expect(response.status).toBe(500);
    expect(html).not.toContain('secret detail');
    expect(site.logLines.join('')).toContain('secret detail');
  });

  test('site: the database out of reach, 503 with Retry-After', async () => {
    site.quota.answers.stats = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', fatal: true });
    const { response } = await visitor.get('/');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });
});
