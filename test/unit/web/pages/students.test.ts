import { describe, expect, test } from '@jest/globals';
import { createVisitor } from '../../../helpers/visitor';
import { unavailable } from '../fakes';
import { quotaOf } from './students/quota_of';
import { siteOfStaff } from './students/site_of_staff';

/** What is asked about the password attempts of an account. */
const ACCOUNT_QUOTAS = /^quotas password-attempt account:[\w-]{22}$/;

const served = siteOfStaff();

describe('students', () => {
  test.each(['/students', '/students/1'])('students: a visitor at %s is sent to the login', async (path) => {
    const { response } = await createVisitor(served.site.url).get(path);
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      `/login?back=${encodeURIComponent(path)}`,
    ]);
  });

  test.each(['/students', '/students/1'])(
    'students: a student at %s gets a 403 and no name',
    async (path) => {
      const student = createVisitor(served.site.url);
      await student.logIn();
      const { response, html } = await student.get(path);
      expect(response.status).toBe(403);
      expect(html).not.toContain('sam@');
    },
  );

  test('students: without a query, the latest accounts are listed with links, and no markup of a name', async () => {
    const { response, html } = await served.staff.get('/students');
    expect(response.status).toBe(200);
    expect(html).toContain('The latest accounts');
    expect(html).toContain('<a href="/students/1">Ada &lt;b>Love&lt;/b></a>');
    expect(html).toContain('Sam Staff</a> <span class="badge">staff</span>');
  });

  test('students: a query, who is found, and the query stays in the field', async () => {
    const { html } = await served.staff.get('/students?q=+Ad+');
    expect(served.site.quota.asked).toEqual(['search Ad']);
    expect(html).toContain('One account found');
    expect(html).toContain('value="Ad"');
    expect(html).toContain('href="/students/1"');
    expect(html).not.toContain('href="/students/2"');
  });

  test('students: a query that finds nobody says so and leads to all students', async () => {
    const { html } = await served.staff.get('/students?q=%3Cscript%3E');
    expect(html).toContain('No account found');
    expect(html).toContain('<a class="button" href="/students">All students</a>');
  });

  test('students: more than a page asks for more letters', async () => {
    served.site.users.search = async () => ({ users: served.site.users.all, isMore: true });
    expect((await served.staff.get('/students?q=a')).html).toContain(
      'The first 2 accounts found: refine your search',
    );
  });

  test.each(['?q=a&q=b', `?q=${'x'.repeat(300)}`, '?q='])('students: the query %s is none', async (query) => {
    expect((await served.staff.get(`/students${query}`)).html).toContain('The latest accounts');
  });

  test('students: a French browser reads it in French', async () => {
    const reader = createVisitor(served.site.url, { 'accept-language': 'fr' });
    await reader.logIn('sam@example.org');
    expect((await reader.get('/students')).html).toContain('<h1>Étudiants</h1>');
  });
});

describe('a student', () => {
  test.each(['/students/99', '/students/x', '/students/1e0'])('a student: %s is a 404', async (path) => {
    expect((await served.staff.get(path)).response.status).toBe(404);
  });

  test('a student: with one policy used up, is shown as blocked, with the time to come back', async () => {
    served.site.quota.answers.quotas = [quotaOf('connection', 0), quotaOf('service-call', 4)];
    const { html } = await served.staff.get('/students/1');
    expect(served.site.quota.asked).toEqual([
      'quotas 1',
      expect.stringMatching(ACCOUNT_QUOTAS),
      'blocked password-attempt',
    ]);
    expect(html).toContain('ada@<wbr/>example.org');
    expect(html.match(/badge bad/g)).toHaveLength(1);
    expect(html).toMatch(/Logins\s+<span class="badge bad">blocked</);
    expect(html).toMatch(/Service calls\s+<span class="badge good">not blocked</);
    expect(html).toContain('0 of 10 left in any 10\u00a0minutes');
    expect(html).toContain('4 of 10 left');
    expect(html).toContain('One more in 43\u00a0seconds');
    expect(html).toContain('All available in 6\u00a0minutes 52\u00a0seconds');
    expect(html.match(/Lift the block/g)).toHaveLength(1);
    expect(html.match(/Reset quota/g)).toHaveLength(1);
  });

  test('a student: if nothing is taken, there is nothing to reset', async () => {
    served.site.quota.answers.quotas = [quotaOf('connection', 10)];
    const { html } = await served.staff.get('/students/1');
    expect(html).toContain('10 of 10 left');
    expect(html).not.toContain('/reset');
    expect(html).not.toContain('One more in');
  });

  test('a student: the password attempts of strangers are shown once, under their name', async () => {
    served.site.quota.answers.quotas = [quotaOf('connection', 4), quotaOf('password-attempt', 0)];
    const { html } = await served.staff.get('/students/1');
    expect(html.match(/Password attempts/g)).toHaveLength(1);
    expect(html).toContain('Only for browsers that have not logged in to this account before.');
    expect(html.match(/Lift the block/g)).toHaveLength(1);
  });

  test('a student: a known browser that is blocked is shown apart, those of others are not', async () => {
    const { limits } = quotaOf('password-attempt', 0);
    served.site.quota.answers.quotas = [quotaOf('password-attempt', 10)];
    served.site.quota.answers.blocked = ['device:1:sixteen-letters-', 'device:2:sixteen-letters-'].map(
      (subject) => ({ subject, policy: 'password-attempt', limits, denyTime: new Date() }),
    );
    const { html } = await served.staff.get('/students/1');
    expect(html.match(/Password attempts in a known browser/g)).toHaveLength(1);
    expect(html).toContain('Only in one browser that has logged in to this account before.');
    expect(html.match(/Lift the block/g)).toHaveLength(1);
    expect(html.match(/name="browser" value="sixteen-letters-"/g)).toHaveLength(1);
  });

  test('a student: the quotas are shown even if the daemon cannot list who is blocked', async () => {
    served.site.quota.answers.quotas = [quotaOf('connection', 0)];
    served.site.quota.answers.blocked = unavailable();
    const { html } = await served.staff.get('/students/1');
    expect(html.match(/Lift the block/g)).toHaveLength(1);
    expect(html).not.toContain('The quotas are unavailable right now.');
  });

  test('a student: the guard of addresses is left out, and an unnamed policy goes by its own name', async () => {
    served.site.quota.answers.quotas = [quotaOf('login-attempt', 3), quotaOf('essays', 3)];
    const { html } = await served.staff.get('/students/1');
    expect(html).not.toContain('login-attempt');
    expect(html).toContain('essays');
  });

  test('a student: without a daemon, it says who it is and that the quotas cannot be read', async () => {
    served.site.quota.answers.quotas = unavailable();
    const { response, html } = await served.staff.get('/students/1');
    expect(response.status).toBe(200);
    expect(html).toContain('ada@<wbr/>example.org');
    expect(html).toContain('The quotas are unavailable right now.');
    expect(html).not.toContain('inner-message');
  });
});

describe('lifting a block', () => {
  function lift(policy: string, path = '/students/1') {
    return served.staff.submit('/students/1', `${path}/reset`, { policy });
  }

  test('lifting a block: all is well, the daemon is asked, the page says so, and the log says who did it', async () => {
    const { response } = await lift('connection');
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/students/1?lifted=connection',
    ]);
    expect(served.site.quota.asked).toContain('reset connection 1');
    const line = served.site.logLines.find((text) => text.includes('a block was lifted'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      staffId: 2,
      userId: 1,
      policy: 'connection',
      resetCount: 1,
    });
    const { html } = await served.staff.get('/students/1?lifted=connection');
    expect(html).toContain('Quota reset (Logins).');
  });

  test('lifting a block: of the password attempts, resets those of the account that a login counts', async () => {
    served.site.quota.answers.quotas = [quotaOf('password-attempt', 0)];
    await createVisitor(served.site.url).logIn('ada@example.org', 'wrong password');
    const taken = served.site.quota.asked.find((line) => line.startsWith('admit password-attempt'));
    await lift('password-attempt');
    expect(served.site.quota.asked).toContain(taken?.replace('admit', 'reset'));
  });

  test('lifting a block: of a known browser, resets its password attempts and logs which', async () => {
    served.site.quota.answers.quotas = [quotaOf('password-attempt', 10)];
    const form = { policy: 'password-attempt', browser: 'sixteen-letters-' };
    const { response } = await served.staff.submit('/students/1', '/students/1/reset', form);
    expect(response.headers.get('location')).toBe('/students/1?lifted=password-attempt');
    expect(served.site.quota.asked).toContain('reset password-attempt device:1:sixteen-letters-');
    const line = served.site.logLines.find((text) => text.includes('a block was lifted'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ staffId: 2, userId: 1, ...form });
  });

  test.each([
    ['connection', 'sixteen-letters-'],
    ['password-attempt', 'too-short'],
    ['password-attempt', ''],
  ])('lifting a block: of policy %s and browser "%s" is a 404', async (policy, browser) => {
    served.site.quota.answers.quotas = [quotaOf('connection', 0), quotaOf('password-attempt', 0)];
    const form = { policy, browser };
    const { response } = await served.staff.submit('/students/1', '/students/1/reset', form);
    expect(response.status).toBe(404);
    expect(served.site.quota.asked.filter((line) => line.startsWith('reset'))).toEqual([]);
  });

  test('lifting a block: the daemon refuses it, 503 that says so, and the log knows', async () => {
    served.site.quota.answers.resetCount = unavailable();
    const { response, html } = await lift('connection');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(html).toContain('Nothing was changed');
    expect(html).toContain('ada@<wbr/>example.org');
    const line = served.site.logLines.find((text) => text.includes('a block was not lifted'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ staffId: 2, userId: 1, policy: 'connection' });
  });

  test('lifting a block: the daemon does not even show the quotas, 503', async () => {
    const page = await served.staff.get('/students/1');
    served.site.quota.answers.quotas = unavailable();
    const token = /name="_csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? '';
    const { response } = await served.staff.post('/students/1/reset', { policy: 'connection', _csrf: token });
    expect(response.status).toBe(503);
    expect(served.site.quota.asked).not.toContain('reset connection 1');
  });

  test.each(['login-attempt', '', 'nonsense'])(
    'lifting a block: of the policy "%s" is a 404',
    async (policy) => {
      expect((await lift(policy)).response.status).toBe(404);
      expect(served.site.quota.asked.filter((line) => line.startsWith('reset'))).toEqual([]);
    },
  );

  test('lifting a block: of nobody is a 404', async () => {
    expect((await lift('connection', '/students/99')).response.status).toBe(404);
  });

  test('lifting a block: by a student, 403 and nothing is lifted', async () => {
    const student = createVisitor(served.site.url);
    await student.logIn();
    const { response, html } = await student.submit('/account', '/students/1/reset', {
      policy: 'connection',
    });
    expect(response.status).toBe(403);
    expect(html).toContain('You do not have access');
    expect(served.site.quota.asked).not.toContain('reset connection 1');
  });

  test('lifting a block: opened as a page leads back to the student', async () => {
    const { response } = await served.staff.get('/students/1/reset');
    expect(response.headers.get('location')).toBe('/students/1');
  });
});
