import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, type Visitor } from '../../../helpers/visitor';
import { PASSWORD } from '../fake_users';
import { DENIED, type Site, serveSite, unavailable } from '../fakes';

const NEW = 'a better password';

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
  await visitor.logIn();
  site.quota.asked.length = 0;
});

afterEach(() => site.close());

function change(fields: { current?: string; new?: string; repeated?: string } = {}) {
  const form = { current: PASSWORD, new: NEW, repeated: NEW, ...fields };
  return visitor.submit('/account', '/account/password', form);
}

describe('account', () => {
  test('account: a visitor is sent to the login', async () => {
    const { response } = await createVisitor(site.url).get('/account');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login?back=%2Faccount']);
  });

  test('account: a user sees name, email and since when', async () => {
    const { html } = await visitor.get('/account');
    expect(html).toContain('Ada &lt;b>Love&lt;/b>');
    expect(html).toContain('ada@example.org');
    expect(html).toContain('<time datetime="1970-01-01T00:00:00.000Z">1 Jan 1970, 01:00</time>');
  });

  test('account: a French browser reads it in French', async () => {
    const reader = createVisitor(site.url, { 'accept-language': 'fr' });
    await reader.logIn();
    const { html } = await reader.get('/account');
    expect(html).toContain('<h1>Votre compte</h1>');
    expect(html).toContain('1 janv. 1970');
  });
});

/** The policies whose tokens were given back. */
const refunded = () =>
  site.quota.asked.flatMap((line) => (line.startsWith('refund ') ? [line.split(' ')[1] ?? ''] : [])).sort();

describe('deletion of an account', () => {
  const remove = (password: string) => visitor.submit('/account', '/account/delete', { password });

  test('deletion: the right password, the account and the session are gone, and the page says so', async () => {
    const { response } = await remove(PASSWORD);
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login?done=deleted']);
    expect(site.users.all.map(({ id }) => id)).toEqual([2]);
    expect(visitor.cookies.has('sid')).toBe(false);
    expect((await visitor.get('/login?done=deleted')).html).toContain('Your account has been deleted.');
    expect((await visitor.logIn()).response.status).toBe(401);
  });

  test('deletion: a wrong password gets a 400 at the field of that form alone and nothing is deleted', async () => {
    const { response, html } = await remove('not this one');
    expect(response.status).toBe(400);
    expect(html).toContain('id="deletion-password-fault">This is not your current password.');
    expect(html).toContain('<details class="card" open>');
    expect(html.match(/class="fault"/g)).toHaveLength(1);
    expect(site.users.all).toHaveLength(2);
  });

  test('deletion: too many attempts from the address are a 429 before the password is looked at', async () => {
    site.quota.answers.admissions['login-attempt'] = DENIED;
    const { response, html } = await remove(PASSWORD);
    expect(response.status).toBe(429);
    expect(html).toContain('data-enables="deletion-submit"');
    expect(site.users.all).toHaveLength(2);
  });

  test('deletion: too many wrong passwords for the account, 429 before the password is looked at', async () => {
    site.quota.answers.admissions['password-attempt'] = DENIED;
    expect((await remove(PASSWORD)).response.status).toBe(429);
    expect(site.users.all).toHaveLength(2);
  });

  test('deletion: the right password, what was taken for the attempt is given back', async () => {
    await remove(PASSWORD);
    expect(refunded()).toEqual(['login-attempt', 'password-attempt']);
  });

  test('deletion: nothing typed, nothing is tried', async () => {
    expect((await remove('')).response.status).toBe(400);
    expect(site.quota.asked).toEqual([]);
  });

  test('deletion: the staff is not offered it', async () => {
    const sam = createVisitor(site.url);
    await sam.logIn('sam@example.org');
    expect((await sam.get('/account')).html).not.toContain('/account/delete');
    await sam.submit('/account', '/account/delete', { password: PASSWORD });
    expect(site.users.all).toHaveLength(2);
  });

  test('deletion: opened as a page leads back to the account', async () => {
    const { response } = await visitor.get('/account/delete');
    expect(response.headers.get('location')).toBe('/account');
  });
});

describe('change of password', () => {
  test('change of password: a wrong one counts for the account, as at the login, and stays counted', async () => {
    await change({ current: 'not this one' });
    const [account = ''] = site.quota.asked.filter((line) => line.startsWith('admit password-attempt'));
    expect(account).toMatch(/^admit password-attempt device:/);
    expect(refunded()).toEqual([]);
    site.quota.asked.length = 0;
    visitor.cookies.delete('sid');
    await visitor.logIn('ada@example.org', 'not this one');
    expect(site.quota.asked).toContain(account);
  });

  test('change of password: the right one, what was taken for the attempt is given back', async () => {
    await change();
    expect(refunded()).toEqual(['login-attempt', 'password-attempt']);
  });

  test('change of password: too many wrong ones for the account, 429 and nothing is changed', async () => {
    site.quota.answers.admissions['password-attempt'] = DENIED;
    const { response, html } = await change();
    expect(response.status).toBe(429);
    expect(html).toContain('Too many passwords have been tried for this email address.');
    site.quota.answers.admissions = {};
    expect((await createVisitor(site.url).logIn('ada@example.org', NEW)).response.status).toBe(401);
  });

  test('change of password: all is well, the page says so, and the new password alone is right', async () => {
    const { response } = await change();
    expect([response.status, response.headers.get('location')]).toEqual([303, '/account?done=password']);
    expect((await visitor.get('/account?done=password')).html).toContain('Your password has been changed.');
    const other = createVisitor(site.url);
    expect((await other.logIn('ada@example.org', PASSWORD)).response.status).toBe(401);
    expect((await other.logIn('ada@example.org', NEW)).response.status).toBe(303);
  });

  test('change of password: every other session of the user ends, this one goes on under another id', async () => {
    const [elsewhere, stranger] = [createVisitor(site.url), createVisitor(site.url)];
    await elsewhere.logIn();
    await stranger.logIn('sam@example.org');
    const id = visitor.cookies.get('sid');
    await change();
    expect((await elsewhere.get('/account')).response.headers.get('location')).toBe('/login?back=%2Faccount');
    expect(elsewhere.cookies.has('sid')).toBe(false);
    expect((await visitor.get('/account')).response.status).toBe(200);
    expect(visitor.cookies.get('sid')).not.toBe(id);
    expect((await stranger.get('/account')).response.status).toBe(200);
  });

  test('change of password: all faults of a form are shown at once and nothing is tried', async () => {
    const { response, html } = await change({ new: 'short', repeated: 'shorter' });
    expect(response.status).toBe(400);
    expect(html).toContain('id="new-fault">A password has at least 10 characters.');
    expect(html).toContain('id="repeated-fault">The two new passwords differ.');
    expect(html).not.toContain('shorter');
    expect(site.quota.asked).toEqual([]);
  });

  test.each(['aaaaaaaaaa', 'ada@example.org', 'p4ssw0rd12'])(
    'change of password: %s is too easy to guess and nothing is tried',
    async (password) => {
      const { response, html } = await change({ new: password, repeated: password });
      expect(response.status).toBe(400);
      expect(html.match(/Choose a password that is harder to guess/g)).toHaveLength(1);
      expect(site.quota.asked).toEqual([]);
    },
  );

  test('change of password: nothing typed, nothing is tried', async () => {
    const { response, html } = await change({ current: '', new: '', repeated: '' });
    expect(response.status).toBe(400);
    expect(html).toContain('id="current-fault">Enter a password.');
    expect(site.quota.asked).toEqual([]);
  });

  test('change of password: the same password is refused in any Unicode form', async () => {
    await change({ new: 'café au lait', repeated: 'café au lait' });
    const decomposed = 'café au lait'.normalize('NFD');
    const { html } = await change({ current: 'café au lait', new: decomposed, repeated: decomposed });
    expect(html).toContain('id="new-fault">Choose a password different from the current one.');
  });

  test('change of password: a wrong current password, the old one still holds', async () => {
    const { response, html } = await change({ current: 'wrong one' });
    expect(response.status).toBe(400);
    expect(html).toContain('id="current-fault">This is not your current password.');
    expect((await createVisitor(site.url).logIn()).response.status).toBe(303);
  });

  test('change of password: another session changed it in the meantime, nothing is overwritten', async () => {
    const { replacePassword } = site.users;
    site.users.replacePassword = (asked) => replacePassword({ ...asked, from: 'the hash of long ago' });
    const before = site.users.all[0]?.passwordHash;
    expect((await change()).response.status).toBe(400);
    expect(site.users.all[0]?.passwordHash).toBe(before);
  });

  test('change of password: too many tries from the address, 429 and nothing is changed', async () => {
    site.quota.answers.admissions['login-attempt'] = DENIED;
    const { response, html } = await change();
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '66']);
    expect(html).toContain('data-enables="password-submit"');
    expect(site.quota.asked).toEqual(['admit login-attempt 127.0.0.1']);
    site.quota.answers.admissions = {};
    expect((await createVisitor(site.url).logIn()).response.status).toBe(303);
  });

  test('change of password: is a 503 without a daemon', async () => {
    site.quota.answers.admissions['login-attempt'] = unavailable();
    expect((await change()).response.status).toBe(503);
  });

  test('change of password: a visitor or no token, nothing is changed', async () => {
    const stranger = createVisitor(site.url);
    const sent = await stranger.submit('/login', '/account/password', { current: PASSWORD, new: NEW });
    expect(sent.response.headers.get('location')).toBe('/login?back=%2Faccount%2Fpassword');
    const fields = { current: PASSWORD, new: NEW, repeated: NEW };
    expect((await visitor.post('/account/password', fields)).response.status).toBe(403);
    expect((await stranger.logIn()).response.status).toBe(303);
  });

  test('change of password: no password is ever in the log', async () => {
    await change({ current: 'wrong one' });
    await change();
    expect(site.logLines.join('')).toContain('a password was changed');
    expect(site.logLines.join('')).not.toMatch(/wrong one|correct horse|a better password/);
  });
});
