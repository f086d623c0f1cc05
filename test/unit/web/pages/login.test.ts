import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, tokenIn, type Visitor } from '../../../helpers/visitor';
import { PASSWORD } from '../fake_users';
import { DENIED, type Site, serveSite, unavailable } from '../fakes';

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
});

afterEach(() => site.close());

function sessionCount(): Promise<number> {
  return new Promise((resolve) => site.store.length((_error, length) => resolve(length ?? -1)));
}

describe('login', () => {
  test('login: a visitor, gets a form and a token but no session', async () => {
    const { response, html } = await visitor.get('/login');
    expect(response.status).toBe(200);
    expect(html).toMatch(/<label for="email">/);
    expect([...visitor.cookies.keys()]).toEqual(['csrf']);
    expect(await sessionCount()).toBe(0);
  });

  test('login: all is well, the guard is asked, then the user, then the quota, and the services follow', async () => {
    const { response } = await visitor.logIn();
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/services');
    expect(response.headers.get('ratelimit-policy')).toBe('"per-window";q=10;w=600');
    expect(response.headers.get('ratelimit')).toBe('"per-window";r=7;t=412');
    expect(site.quota.asked).toEqual([
      'admit login-attempt 127.0.0.1',
      'find ada@example.org',
      'admit connection 1',
    ]);
    expect((await visitor.get('/services')).response.status).toBe(200);
  });

  test('login: all is well, the cookie is HttpOnly and SameSite=Lax', async () => {
    const { response } = await visitor.logIn();
    const cookie = response.headers.getSetCookie().find((line) => line.startsWith('sid='));
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    expect(cookie).not.toMatch(/Secure/);
  });

  test('login: a planted session id, is not the one that is logged in', async () => {
    visitor.cookies.set('sid', 's%3Aplanted.signature');
    await visitor.logIn();
    expect(visitor.cookies.get('sid')).not.toContain('planted');
  });

  test('login: no token, 403 and nothing is asked', async () => {
    await visitor.get('/login');
    const { response, html } = await visitor.post('/login', { email: 'ada@example.org', password: PASSWORD });
    expect(response.status).toBe(403);
    expect(html).toContain('The form has expired');
    expect(site.quota.asked).toEqual([]);
  });

  test('login: a token of another visitor, 403', async () => {
    const other = createVisitor(site.url);
    const { html } = await other.get('/login');
    const stolen = tokenIn(html);
    await visitor.get('/login');
    const { response } = await visitor.post('/login', { email: 'a@b.fr', password: PASSWORD, _csrf: stolen });
    expect(response.status).toBe(403);
  });

  test('login: a cookie that is no token, the form is shown all the same', async () => {
    visitor.cookies.set('csrf', encodeURIComponent('j:{"a":1}'));
    expect((await visitor.get('/login')).response.status).toBe(200);
  });

  test('login: a bad form, 400 with what was typed and what is wrong, and nothing is asked', async () => {
    const { response, html } = await visitor.submit('/login', '/login', {
      email: '"><script>',
      password: '',
    });
    expect(response.status).toBe(400);
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;"');
    expect(html).toContain('Enter an email address such as');
    expect(html).toContain('Enter a password.');
    expect(site.quota.asked).toEqual([]);
  });

  test('login: a bad email, the password is not echoed', async () => {
    const { html } = await visitor.submit('/login', '/login', { email: 'ada', password: 'hunter2 hunter2' });
    expect(html).not.toContain('hunter2');
  });

  test('login: a wrong password and an unknown email, the same 401 but for the email', async () => {
    const wrong = await visitor.logIn('ada@example.org', 'wrong password');
    const unknown = await visitor.logIn('eve@example.org', 'wrong password');
    expect([wrong.response.status, unknown.response.status]).toEqual([401, 401]);
    expect(wrong.html).toContain('do not belong together');
    expect(unknown.html.replace('eve@', 'ada@')).toBe(wrong.html);
    expect(site.quota.asked).not.toContain('admit connection 1');
    expect(await sessionCount()).toBe(0);
  });

  test('login: too many tries, 429 before the password is looked at', async () => {
    site.quota.answers.admissions['login-attempt'] = DENIED;
    const { response, html } = await visitor.logIn();
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('66');
    expect(html).toContain('Too many tries');
    // The form is there again, with the email, to be sent when the time has come.
    expect(html).toContain('value="ada@example.org"');
    expect(html).toContain('data-enables="login-submit"');
    expect(site.quota.asked).toEqual(['admit login-attempt 127.0.0.1']);
  });

  test('login: the quota is used up, 429 that says when to come back, and no session', async () => {
    site.quota.answers.admissions.connection = DENIED;
    const { response, html } = await visitor.logIn();
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('66');
    expect(response.headers.get('ratelimit')).toBe('"per-window";r=0;t=412');
    expect(response.headers.get('ratelimit-policy')).toBe('"per-window";q=10;w=600');
    expect(html).toContain('1 minute 6 seconds');
    expect(html).toContain('At most 10 in 10 minutes');
    expect(html).toMatch(/<time datetime="20\d\d-/);
    expect(visitor.cookies.has('sid')).toBe(false);
    expect(await sessionCount()).toBe(0);
  });

  test.each(['login-attempt', 'connection'])(
    'login: no daemon at %s, 503 with Retry-After, no session and no inner message',
    async (policy) => {
      site.quota.answers.admissions[policy] = unavailable();
      const { response, html } = await visitor.logIn();
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('3');
      expect(html).not.toContain('inner-message');
      expect(visitor.cookies.has('sid')).toBe(false);
      expect(await sessionCount()).toBe(0);
    },
  );

  test('login: logged in already, on to the services', async () => {
    await visitor.logIn();
    const { response } = await visitor.get('/login');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/services']);
  });

  test('logout: with a token, the session and its cookie are gone', async () => {
    await visitor.logIn();
    const { response } = await visitor.submit('/', '/logout');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
    expect(visitor.cookies.has('sid')).toBe(false);
    expect(await sessionCount()).toBe(0);
  });

  test('logout: without a token, 403 and still logged in', async () => {
    await visitor.logIn();
    expect((await visitor.post('/logout', {})).response.status).toBe(403);
    expect((await visitor.get('/services')).response.status).toBe(200);
  });

  test('logout: from a page whose session has ended, on to the login', async () => {
    await visitor.logIn();
    const token = tokenIn((await visitor.get('/')).html);
    await new Promise((resolve) => site.store.clear(resolve));
    const { response } = await visitor.post('/logout', { _csrf: token });
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
  });

  test('login: no password and no cookie, is ever in the log', async () => {
    await visitor.logIn();
    await visitor.logIn('eve@example.org', 'hunter2 hunter2');
    const log = site.logLines.join('');
    expect(log).not.toMatch(/hunter2|correct horse|sid=|csrf=/);
    expect(log).not.toContain(decodeURIComponent(visitor.cookies.get('sid') ?? 'none'));
  });
});

describe('login behind a proxy', () => {
  test('proxy: trusted and over TLS, the client address is counted and every cookie is Secure', async () => {
    const proxied = await serveSite({ trustProxy: 1 });
    const headers = { 'X-Forwarded-For': '2001:db8:1:2::7', 'X-Forwarded-Proto': 'https' };
    const client = createVisitor(proxied.url, headers);
    const { response } = await client.logIn();
    expect(response.headers.getSetCookie().find((line) => line.startsWith('sid='))).toMatch(/; Secure/);
    expect([...client.cookies.keys()]).toContain('__Host-csrf');
    expect(proxied.quota.asked[0]).toBe('admit login-attempt 2001:db8:1:2::/64');
    await proxied.close();
  });

  test('proxy: not trusted, a forged address changes nothing', async () => {
    await createVisitor(site.url, { 'X-Forwarded-For': '203.0.113.7' }).logIn();
    expect(site.quota.asked[0]).toBe('admit login-attempt 127.0.0.1');
  });
});
