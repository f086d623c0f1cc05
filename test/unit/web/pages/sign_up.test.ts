import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, type Visitor } from '../../../helpers/visitor';
import { PASSWORD } from '../fake_users';
import { DENIED, type Site, serveSite, unavailable } from '../fakes';

const EVE = { firstName: 'Ève', lastName: 'Martin', email: 'eve@example.org', password: 'long enough words' };

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
});

afterEach(() => site.close());

describe('sign-up', () => {
  test('sign-up: the login page has a second form whose fields have ids of their own', async () => {
    const { html } = await visitor.get('/login');
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(html).toContain('action="/signup"');
    expect(html).toMatch(/<input id="signup-password"[^>]*autocomplete="new-password"/);
    expect(html).toContain('At least 10 characters.');
  });

  test('sign-up: all is well, a student is made and logged in', async () => {
    const { response } = await visitor.submit('/login', '/signup', EVE);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/services']);
    expect(response.headers.get('ratelimit')).toBe('"connection";r=7;t=43');
    expect(site.quota.asked).toEqual(['admit login-attempt 127.0.0.1', 'admit connection 3']);
    expect(site.users.all[2]).toMatchObject({ email: 'eve@example.org', firstName: 'Ève', role: 'student' });
    expect((await visitor.get('/services')).response.status).toBe(200);
  });

  test('sign-up: who has signed up can log in with that password', async () => {
    await visitor.submit('/login', '/signup', EVE);
    const { response } = await createVisitor(site.url).logIn(EVE.email, EVE.password);
    expect(response.headers.get('location')).toBe('/services');
  });

  test('sign-up: a form that asks for a role, still makes a student', async () => {
    await visitor.submit('/login', '/signup', { ...EVE, role: 'staff' });
    expect(site.users.all[2]?.role).toBe('student');
  });

  test('sign-up: four faults are each shown at their field, and everything typed stays but the password', async () => {
    const fields = { firstName: ' ', lastName: 'x'.repeat(101), email: 'eve"', password: 'hunter2' };
    const { response, html } = await visitor.submit('/login', '/signup', fields);
    expect(response.status).toBe(400);
    expect(html).toContain('id="firstName-fault">Enter your first name.');
    expect(html).toContain('id="lastName-fault">A name has at most 100 characters.');
    expect(html).toContain('id="signup-email-fault">Enter an email address');
    expect(html).toContain('id="signup-password-fault">A password has at least 10 characters.');
    expect(html).toContain('value="eve&quot;"');
    expect(html).not.toContain('hunter2');
    expect(html).not.toContain('id="email-fault"');
    expect(site.quota.asked).toEqual([]);
    expect(site.users.all).toHaveLength(2);
  });

  test.each([
    ['aaaaaaaaaa', 'en', 'Choose a password that is harder to guess'],
    ['motdepasse2024', 'fr', 'Choisissez un mot de passe plus difficile à deviner'],
  ])('sign-up: the password %s is refused at its field (%s)', async (password, language, sentence) => {
    const reader = createVisitor(site.url, { 'accept-language': language });
    const { response, html } = await reader.submit('/login', '/signup', { ...EVE, password });
    expect(response.status).toBe(400);
    expect(html).toContain(`id="signup-password-fault">${sentence}`);
    expect(site.users.all).toHaveLength(2);
  });

  test('sign-up: the first fault alone gets the focus', async () => {
    const { html } = await visitor.submit('/login', '/signup', { ...EVE, email: '', password: '' });
    expect(html.match(/autofocus/g)).toHaveLength(1);
    expect(html).toMatch(/<input id="signup-email"[^>]*autofocus/);
  });

  test('sign-up: an email that is taken gets a 409 that says so at the field, and no session', async () => {
    const { response, html } = await visitor.submit('/login', '/signup', {
      ...EVE,
      email: 'ada@example.org',
    });
    expect(response.status).toBe(409);
    expect(html).toContain('id="signup-email-fault">An account with this email exists already');
    expect(html).toContain('value="Ève"');
    expect(visitor.cookies.has('sid')).toBe(false);
  });

  test('sign-up: too many tries from the address, 429 before an email is looked for', async () => {
    site.quota.answers.admissions['login-attempt'] = DENIED;
    const { response, html } = await visitor.submit('/login', '/signup', {
      ...EVE,
      email: 'ada@example.org',
    });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '66']);
    expect(html).toContain('data-enables="signup-submit"');
    expect(html).toContain('value="Ève"');
    expect(site.users.all).toHaveLength(2);
  });

  test('sign-up: refused to connect afterwards, the account made and its email ready to log in', async () => {
    site.quota.answers.admissions.connection = DENIED;
    const { response, html } = await visitor.submit('/login', '/signup', EVE);
    expect(response.status).toBe(429);
    expect(html).toContain('data-enables="login-submit"');
    expect(html).toContain(`value="${EVE.email}"`);
    expect(site.users.all).toHaveLength(3);
    expect(visitor.cookies.has('sid')).toBe(false);
  });

  test('sign-up: the account cannot be kept, 500 and the attempt is given back', async () => {
    site.users.insert = async () => {
      throw new Error('the database is gone');
    };
    const { response } = await visitor.submit('/login', '/signup', EVE);
    expect(response.status).toBe(500);
    expect(site.quota.asked).toEqual(['admit login-attempt 127.0.0.1', 'refund login-attempt 127.0.0.1']);
  });

  test('sign-up: the session cannot be kept, 500 and both tokens are given back', async () => {
    site.store.set = (_id, _session, done) => done?.(new Error('the database is gone'));
    expect((await visitor.submit('/login', '/signup', EVE)).response.status).toBe(500);
    expect(site.quota.asked.filter((each) => each.startsWith('refund'))).toEqual([
      'refund connection 3',
      'refund login-attempt 127.0.0.1',
    ]);
  });

  test('sign-up: without a daemon it is a 503, and makes no account', async () => {
    site.quota.answers.admissions['login-attempt'] = unavailable();
    const { response } = await visitor.submit('/login', '/signup', EVE);
    expect(response.status).toBe(503);
    expect(site.users.all).toHaveLength(2);
  });

  test('sign-up: without a token it is a 403, and makes no account', async () => {
    expect((await visitor.post('/signup', EVE)).response.status).toBe(403);
    expect(site.users.all).toHaveLength(2);
  });

  test('sign-up: who is logged in already goes on to the services, and gets no account', async () => {
    await visitor.logIn();
    const { response } = await visitor.submit('/', '/signup', EVE);
    expect(response.headers.get('location')).toBe('/services');
    expect(site.users.all).toHaveLength(2);
  });

  test('sign-up: its own address leads to the login', async () => {
    const { response } = await visitor.get('/signup');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
  });

  test('sign-up: a French browser reads the faults in French', async () => {
    const reader = createVisitor(site.url, { 'accept-language': 'fr' });
    const { html } = await reader.submit('/login', '/signup', { ...EVE, password: 'court' });
    expect(html).toContain('Un mot de passe compte au moins 10 caractères.');
    expect(html).toContain('Créer un compte');
  });

  test('sign-up: no password is ever in the log', async () => {
    await visitor.submit('/login', '/signup', EVE);
    expect(site.logLines.join('')).toContain('a student signed up');
    expect(site.logLines.join('')).not.toContain(EVE.password);
  });
});

describe('sign-up switched off', () => {
  test('sign-up off: no form, and its address is not found', async () => {
    const closed = await serveSite({ offersSignUp: false });
    const stranger = createVisitor(closed.url);
    expect((await stranger.get('/login')).html).not.toContain('/signup');
    expect((await stranger.submit('/login', '/signup', EVE)).response.status).toBe(404);
    expect((await stranger.get('/signup')).response.status).toBe(404);
    expect(closed.users.all).toHaveLength(2);
    expect((await stranger.logIn('ada@example.org', PASSWORD)).response.status).toBe(303);
    await closed.close();
  });
});
