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
  test('login: a visitor gets a form and a token but no session', async () => {
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
    expect(response.headers.get('ratelimit-policy')).toBe('"connection";q=10;w=600');
    expect(response.headers.get('ratelimit')).toBe('"connection";r=7;t=43');
    expect(site.quota.asked).toEqual([
      'admit login-attempt 127.0.0.1',
      expect.stringMatching(/^admit password-attempt account:[\w-]{22}$/),
      'find ada@example.org',
      'admit connection 1',
      expect.stringMatching(/^refund password-attempt account:[\w-]{22}$/),
      'refund login-attempt 127.0.0.1',
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

  test('login: a wrong password, nothing is given back', async () => {
    await visitor.logIn('ada@example.org', 'wrong password');
    expect(site.quota.asked.filter((each) => each.startsWith('refund'))).toEqual([]);
  });

  test('login: the connections are used up, the right password is no try, and the address pays', async () => {
    site.quota.answers.admissions.connection = DENIED;
    await visitor.logIn();
    expect(site.quota.asked.filter((each) => each.startsWith('refund'))).toEqual([
      expect.stringMatching(/^refund password-attempt /),
    ]);
  });

  test('login: the session cannot be kept, 500 and every token is given back', async () => {
    site.store.set = (_id, _session, done) => done?.(new Error('the database is gone'));
    expect((await visitor.logIn()).response.status).toBe(500);
    expect(site.quota.asked.filter((each) => each.startsWith('refund'))).toEqual([
      'refund connection 1',
      expect.stringMatching(/^refund password-attempt /),
      'refund login-attempt 127.0.0.1',
    ]);
  });

  test('login: logs in even if a token cannot be given back', async () => {
    site.quota.answers.refund = unavailable();
    expect((await visitor.logIn()).response.status).toBe(303);
    expect(site.logLines.join('')).toContain('a token could not be given back');
  });

  test('login: too many tries for an account, 429 before the password is looked at', async () => {
    site.quota.answers.admissions['password-attempt'] = DENIED;
    const { response, html } = await visitor.logIn();
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '66']);
    expect(html).toContain('Too many passwords have been tried for this email address.');
    expect(html).toContain('data-enables="login-submit" data-while="email"');
    expect(site.quota.asked).not.toContain('find ada@example.org');
  });

  test('login: a browser that has logged in before is counted apart for that account alone', async () => {
    await visitor.logIn();
    visitor.cookies.delete('sid');
    const stranger = createVisitor(site.url);
    site.quota.asked.length = 0;
    await visitor.logIn('ADA@example.org', 'wrong password');
    await visitor.logIn('eve@example.org', 'wrong password');
    await stranger.logIn('ada@example.org', 'wrong password');
    const [own, other, strangers] = site.quota.asked.filter((each) => each.includes('password-attempt'));

    expect(own).toMatch(/^admit password-attempt device:1:[\w-]{16}$/);
    expect(other).toMatch(/^admit password-attempt account:/);
    expect(strangers).toMatch(/^admit password-attempt account:/);
    expect(strangers).not.toBe(other);
  });

  test('login: a planted session id is not the one that is logged in', async () => {
    visitor.cookies.set('sid', 's%3Aplanted.signature');
    await visitor.logIn();
    expect(visitor.cookies.get('sid')).not.toContain('planted');
  });

  test('login: no token, 403 and nothing is asked', async () => {
    await visitor.get('/login');
    const { response, html } = await visitor.post('/login', { email: 'ada@example.org', password: PASSWORD });
    expect(response.status).toBe(403);
    expect(html).toContain('The form has expired');
    expect(html).toContain('<a class="button" href="/login">Try again</a>');
    expect(site.quota.asked).toEqual([]);
  });

  test('login: a token of another visitor is a 403', async () => {
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
    expect(html).toContain('value="&quot;>&lt;script>"');
    expect(html).toContain('Enter an email address such as');
    expect(html).toContain('Enter a password.');
    expect(site.quota.asked).toEqual([]);
  });

  test('login: a bad email, the password is not echoed', async () => {
    const { html } = await visitor.submit('/login', '/login', { email: 'ada', password: 'hunter2 hunter2' });
    expect(html).not.toContain('hunter2');
  });

  test('login: a wrong password and an unknown email get the same 401 but for the email', async () => {
    const wrong = await visitor.logIn('ada@example.org', 'wrong password');
    const unknown = await visitor.logIn('eve@example.org', 'wrong password');
    expect([wrong.response.status, unknown.response.status]).toEqual([401, 401]);
    expect(wrong.html).toContain('Incorrect email or password.');
    expect(unknown.html.replace('eve@', 'ada@')).toBe(wrong.html);
    expect(site.quota.asked).not.toContain('admit connection 1');
    expect(await sessionCount()).toBe(0);
  });

  test('login: too many tries, 429 before the password is looked at', async () => {
    site.quota.answers.admissions['login-attempt'] = DENIED;
    const { response, html } = await visitor.logIn();
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('66');
    expect(html).toContain('Too many attempts');
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
    expect(response.headers.get('ratelimit')).toBe('"connection";r=0;t=43');
    expect(response.headers.get('ratelimit-policy')).toBe('"connection";q=10;w=600');
    expect(html).toContain('1\u00a0minute 6\u00a0seconds');
    expect(html).toContain('The limit is 10 every 10\u00a0minutes');
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

  test('login: who is logged in already goes on to the services', async () => {
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

  test('logout: without a token it is a 403, and the visitor is still logged in', async () => {
    await visitor.logIn();
    expect((await visitor.post('/logout', {})).response.status).toBe(403);
    expect((await visitor.get('/services')).response.status).toBe(200);
  });

  test('logout: from a page whose session has ended it leads to the login', async () => {
    await visitor.logIn();
    const token = tokenIn((await visitor.get('/')).html);
    await new Promise((resolve) => site.store.clear(resolve));
    const { response } = await visitor.post('/logout', { _csrf: token });
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
  });

  test('login: a request id from the browser is never taken', async () => {
    const id = '123e4567-e89b-42d3-a456-426614174000';
    const form = { email: 'ada@example.org', password: PASSWORD, form: id, requestId: id, request_id: id };
    await visitor.submit('/login', '/login', form);
    expect(site.quota.requestIds).toEqual([undefined, undefined]);
  });

  test('login: a second tab, whose page is older than the login, goes on to the page after the login', async () => {
    const { html } = await visitor.get('/login?back=%2Faccount');
    const form = { email: 'ada@example.org', password: PASSWORD, back: '/account', _csrf: tokenIn(html) };
    await visitor.post('/login', form);
    const { response } = await visitor.post('/login', form);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/account']);
  });

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', ''])(
    'login: led back to "%s" stays on this site',
    async (back) => {
      const form = { email: 'ada@example.org', password: PASSWORD, back };
      const { response } = await visitor.submit('/login', '/login', form);
      expect(response.headers.get('location')).toBe('/services');
    },
  );

  test('login: one account denied, another may log in from the same page', async () => {
    site.quota.answers.admissions.connection = DENIED;
    const { html } = await visitor.logIn();
    expect(html).toContain('data-enables="login-submit" data-while="email"');
  });

  test('login: the address denied, no other account may either', async () => {
    site.quota.answers.admissions['login-attempt'] = DENIED;
    expect((await visitor.logIn()).html).not.toContain('data-while');
  });

  test('login: no password, no cookie, no email and no subject is ever in the log', async () => {
    await visitor.logIn();
    await visitor.logIn('eve@example.org', 'hunter2 hunter2');
    const log = site.logLines.join('');
    expect(log).not.toMatch(/hunter2|correct horse|sid=|csrf=|@example|"subject"/);
    expect(log).not.toContain(decodeURIComponent(visitor.cookies.get('sid') ?? 'none'));
  });
});

describe('login behind a proxy', () => {
  test('proxy: trusted and over TLS, the client address is counted and every cookie is Secure', async () => {
    const proxied = await serveSite({ trustProxy: 1 });
    const headers = { 'X-Forwarded-For': '2001:db8:1:2::7', 'X-Forwarded-Proto': 'https' };
    const client = createVisitor(proxied.url, headers);
    const { response } = await client.logIn();
    expect(response.headers.getSetCookie().find((line) => line.startsWith('__Host-sid='))).toMatch(
      /; Path=\/;.*; Secure/,
    );
    expect([...client.cookies.keys()].sort()).toEqual(['__Host-csrf', '__Host-device', '__Host-sid']);
    expect((await client.get('/account')).response.status).toBe(200);
    expect(proxied.quota.asked[0]).toBe('admit login-attempt 2001:db8:1:2::/64');
    await proxied.close();
  });

  test('proxy: not trusted, a forged address changes nothing', async () => {
    await createVisitor(site.url, { 'X-Forwarded-For': '203.0.113.7' }).logIn();
    expect(site.quota.asked[0]).toBe('admit login-attempt 127.0.0.1');
  });
});
