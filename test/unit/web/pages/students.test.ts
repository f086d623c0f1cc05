import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { QuotaUnavailable } from '../../../../client/answers/unavailable';
import type { Blocked, Quota } from '../../../../web/quota/client';
import { createVisitor, type Visitor } from '../../../helpers/visitor';
import { type Site, serveSite, unavailable } from '../fakes';

let site: Site;
let staff: Visitor;

beforeEach(async () => {
  site = await serveSite();
  staff = createVisitor(site.url);
  await staff.logIn('sam@example.org');
  site.quota.asked.length = 0;
});

afterEach(() => site.close());

function quotaOf(policy: string, remaining: number): Quota {
  const taken = { nextDelayMs: 42_001, resetDelayMs: 411_001 };
  const delays = remaining < 10 ? taken : { nextDelayMs: 0, resetDelayMs: 0 };
  const limit = { name: 'per-window', limit: 10, remaining, windowMs: 600_000, overridden: false, ...delays };
  return { policy, limits: [limit], raises: {} };
}

describe('students', () => {
  test.each(['/students', '/students/1'])('students: a visitor at %s is sent to the login', async (path) => {
    const { response } = await createVisitor(site.url).get(path);
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      `/login?back=${encodeURIComponent(path)}`,
    ]);
  });

  test.each(['/students', '/students/1'])(
    'students: a student at %s gets a 403 and no name',
    async (path) => {
      const student = createVisitor(site.url);
      await student.logIn();
      const { response, html } = await student.get(path);
      expect(response.status).toBe(403);
      expect(html).not.toContain('sam@');
    },
  );

  test('students: without a query, the latest accounts are listed with links, and no markup of a name', async () => {
    const { response, html } = await staff.get('/students');
    expect(response.status).toBe(200);
    expect(html).toContain('The latest accounts');
    expect(html).toContain('<a href="/students/1">Ada &lt;b>Love&lt;/b></a>');
    expect(html).toContain('Sam Staff</a> <span class="badge">staff</span>');
  });

  test('students: a query, who is found, and the query stays in the field', async () => {
    const { html } = await staff.get('/students?q=+Ad+');
    expect(site.quota.asked).toEqual(['search Ad']);
    expect(html).toContain('One account found');
    expect(html).toContain('value="Ad"');
    expect(html).toContain('href="/students/1"');
    expect(html).not.toContain('href="/students/2"');
  });

  test('students: a query that finds nobody says so and leads to all students', async () => {
    const { html } = await staff.get('/students?q=%3Cscript%3E');
    expect(html).toContain('No account found');
    expect(html).toContain('<a class="button" href="/students">All students</a>');
  });

  test('students: more than a page asks for more letters', async () => {
    site.users.search = async () => ({ users: site.users.all, isMore: true });
    expect((await staff.get('/students?q=a')).html).toContain(
      'The first 2 accounts found: refine your search',
    );
  });

  test.each(['?q=a&q=b', `?q=${'x'.repeat(300)}`, '?q='])('students: the query %s is none', async (query) => {
    expect((await staff.get(`/students${query}`)).html).toContain('The latest accounts');
  });

  test('students: a French browser reads it in French', async () => {
    const reader = createVisitor(site.url, { 'accept-language': 'fr' });
    await reader.logIn('sam@example.org');
    expect((await reader.get('/students')).html).toContain('<h1>Étudiants</h1>');
  });
});

describe('a student', () => {
  test.each(['/students/99', '/students/x', '/students/1e0'])('a student: %s is a 404', async (path) => {
    expect((await staff.get(path)).response.status).toBe(404);
  });

  test('a student: with one policy used up, is shown as blocked, with the time to come back', async () => {
    site.quota.answers.quotas = [quotaOf('connection', 0), quotaOf('service-call', 4)];
    const { html } = await staff.get('/students/1');
    expect(site.quota.asked).toEqual(['quotas 1']);
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
    site.quota.answers.quotas = [quotaOf('connection', 10)];
    const { html } = await staff.get('/students/1');
    expect(html).toContain('10 of 10 left');
    expect(html).not.toContain('/reset');
    expect(html).not.toContain('One more in');
  });

  test('a student: the guard of addresses is left out, and an unnamed policy goes by its own name', async () => {
    site.quota.answers.quotas = [quotaOf('login-attempt', 3), quotaOf('essays', 3)];
    const { html } = await staff.get('/students/1');
    expect(html).not.toContain('login-attempt');
    expect(html).toContain('essays');
  });

  test('a student: without a daemon, it says who it is and that the quotas cannot be read', async () => {
    site.quota.answers.quotas = unavailable();
    const { response, html } = await staff.get('/students/1');
    expect(response.status).toBe(200);
    expect(html).toContain('ada@<wbr/>example.org');
    expect(html).toContain('The quotas are unavailable right now.');
    expect(html).not.toContain('inner-message');
  });
});

describe('lifting a block', () => {
  function lift(policy: string, path = '/students/1') {
    return staff.submit('/students/1', `${path}/reset`, { policy });
  }

  test('lifting a block: all is well, the daemon is asked, the page says so, and the log says who did it', async () => {
    const { response } = await lift('connection');
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/students/1?lifted=connection',
    ]);
    expect(site.quota.asked).toContain('reset connection 1');
    const line = site.logLines.find((text) => text.includes('a block was lifted'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      staffId: 2,
      userId: 1,
      policy: 'connection',
      resetCount: 1,
    });
    const { html } = await staff.get('/students/1?lifted=connection');
    expect(html).toContain('Quota reset (Logins).');
  });

  test('lifting a block: the daemon refuses it, 503 that says so, and the log knows', async () => {
    site.quota.answers.resetCount = unavailable();
    const { response, html } = await lift('connection');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(html).toContain('Nothing was changed');
    expect(html).toContain('ada@<wbr/>example.org');
    const line = site.logLines.find((text) => text.includes('a block was not lifted'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ staffId: 2, userId: 1, policy: 'connection' });
  });

  test('lifting a block: the daemon does not even show the quotas, 503', async () => {
    const page = await staff.get('/students/1');
    site.quota.answers.quotas = unavailable();
    const token = /name="_csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? '';
    const { response } = await staff.post('/students/1/reset', { policy: 'connection', _csrf: token });
    expect(response.status).toBe(503);
    expect(site.quota.asked).not.toContain('reset connection 1');
  });

  test.each(['login-attempt', '', 'nonsense'])(
    'lifting a block: of the policy "%s" is a 404',
    async (policy) => {
      expect((await lift(policy)).response.status).toBe(404);
      expect(site.quota.asked.filter((line) => line.startsWith('reset'))).toEqual([]);
    },
  );

  test('lifting a block: of nobody is a 404', async () => {
    expect((await lift('connection', '/students/99')).response.status).toBe(404);
  });

  test('lifting a block: by a student, 403 and nothing is lifted', async () => {
    const student = createVisitor(site.url);
    await student.logIn();
    const { response, html } = await student.submit('/account', '/students/1/reset', {
      policy: 'connection',
    });
    expect(response.status).toBe(403);
    expect(html).toContain('You do not have access');
    expect(site.quota.asked).not.toContain('reset connection 1');
  });

  test('lifting a block: opened as a page leads back to the student', async () => {
    const { response } = await staff.get('/students/1/reset');
    expect(response.headers.get('location')).toBe('/students/1');
  });
});

describe('who is blocked now', () => {
  const blockedOf = (subject: string, policy: string, denied: number, nextDelayMs = 42_001): Blocked => ({
    subject,
    policy,
    limits: [
      {
        name: 'per-window',
        limit: 10,
        remaining: 0,
        windowMs: 600_000,
        overridden: false,
        nextDelayMs,
        resetDelayMs: 411_001,
      },
    ],
    denyTime: new Date(denied),
  });

  test('blocked: each has a link, the quota, when one more is free, and a button', async () => {
    site.quota.answers.blocked = [blockedOf('1', 'connection', 1), blockedOf('2', 'service-call', 2)];
    const { html } = await staff.get('/students');
    expect(site.quota.asked).toEqual(['blocked connection', 'blocked service-call', 'blocked login-attempt']);
    const table = html.slice(html.indexOf('Blocked now'), html.indexOf('The latest accounts'));
    expect(table.indexOf('Sam Staff')).toBeLessThan(table.indexOf('Ada &lt;b>Love&lt;/b>'));
    expect(table).toContain('<a href="/students/1">');
    expect(table).toContain('<span class="muted">Service calls</span>');
    expect(table.match(/43\sseconds/g)).toHaveLength(2);
    expect(table).toContain('action="/students/1/reset"');
    expect(table).toContain('aria-label="Lift the block: Ada &lt;b>Love&lt;/b>, Logins"');
  });

  test('blocked: a subject that is no account is shown by its name and without a button', async () => {
    site.quota.answers.blocked = [blockedOf('nobody-99', 'connection', 1)];
    const { html } = await staff.get('/students');
    expect(html).toContain('No account (nobody-99)');
    expect(html).not.toContain('/reset');
  });

  test('blocked: an address is listed with its policy, without a link and a button', async () => {
    site.quota.answers.blocked = [blockedOf('203.0.113.7', 'login-attempt', 1)];
    const { html } = await staff.get('/students');
    const table = html.slice(html.indexOf('Blocked now'), html.indexOf('The latest accounts'));
    expect(table).toContain('<bdi class="number">203.0.113.7</bdi>');
    expect(table).toContain('<span class="muted">Login attempts</span>');
    expect(table).not.toMatch(/<a |<form/);
  });

  test('blocked: a limit to which nothing comes back says so', async () => {
    site.quota.answers.blocked = [blockedOf('1', 'connection', 1, 0)];
    expect((await staff.get('/students')).html).toContain('never by itself');
  });

  test('blocked: it says if there is nobody, more than are listed, or no daemon', async () => {
    expect((await staff.get('/students')).html).toContain('Nobody is blocked now.');
    site.quota.answers.blocked = Array.from({ length: 51 }, (_, at) =>
      blockedOf(`s-${at}`, 'connection', at),
    );
    expect((await staff.get('/students')).html).toContain('There may be more than these.');
    site.quota.answers.blocked = unavailable();
    const { response, html } = await staff.get('/students');
    expect([response.status, html.includes('The quotas are unavailable right now.')]).toEqual([200, true]);
    expect(html).toContain('href="/students/1"');
  });

  test('blocked: is not asked for in a search', async () => {
    const { html } = await staff.get('/students?q=Ad');
    expect(html).not.toContain('Blocked now');
    expect(site.quota.asked).toEqual(['search Ad']);
  });
});

describe('raising a limit', () => {
  const DAY_MS = 86_400_000;
  const raisable = (durationMs = DAY_MS): Quota[] => [
    { ...quotaOf('connection', 0), raises: { 'per-window': { limit: 30, durationMs } } },
    quotaOf('service-call', 4),
  ];
  beforeEach(() => {
    site.quota.answers.quotas = raisable();
  });
  const raise = (fields: Record<string, string> = {}, path = '/students/1') =>
    staff.submit('/students/1', `${path}/raise`, {
      policy: 'connection',
      limit: 'per-window',
      size: '20',
      hours: '8',
      ...fields,
    });

  test('raising: offered for what can be raised alone, within its bound', async () => {
    const { html } = await staff.get('/students/1');
    expect(html.match(/action="\/students\/1\/raise"/g)).toHaveLength(1);
    expect(html).toContain('New limit, 11 to 30');
    expect([...html.matchAll(/<option value="(\d+)"/g)].map(([, hours]) => hours)).toEqual(['1', '8', '24']);
  });

  test('raising: a bound of half an hour, offered as it is', async () => {
    site.quota.answers.quotas = raisable(1_800_000);
    const { html } = await staff.get('/students/1');
    expect(html).toContain('<option value="0.5"');
    await raise({ hours: '0.5' });
    expect(site.quota.asked).toContain('raise connection per-window of 1 to 20 for 1800000');
  });

  test('raising: all is well, the daemon is asked, the page says so, and the log says who did it', async () => {
    const { response } = await raise();
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/students/1?raised=connection',
    ]);
    expect(site.quota.asked).toContain('raise connection per-window of 1 to 20 for 28800000');
    const line = site.logLines.find((text) => text.includes('a limit was raised'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      staffId: 2,
      userId: 1,
      policy: 'connection',
      limit: 20,
    });
    expect((await staff.get('/students/1?raised=connection')).html).toContain('Limit raised (Logins).');
  });

  test.each([
    ['size', '31', 'Type a whole number from 11 to 30.'],
    ['size', '10', 'Type a whole number from 11 to 30.'],
    ['size', '1e1', 'Type a whole number from 11 to 30.'],
    ['size', '', 'Type a whole number from 11 to 30.'],
    ['hours', '48', 'Choose one of these durations.'],
  ])('raising: %s of "%s", 400 with the fault and nothing is raised', async (field, value, fault) => {
    const { response, html } = await raise({ [field]: value });
    expect(response.status).toBe(400);
    expect(html).toContain(fault);
    expect(html).toContain('<details open');
    expect(site.quota.asked.filter((line) => line.startsWith('raise'))).toEqual([]);
  });

  test.each([[{ policy: 'service-call' }], [{ policy: 'login-attempt' }], [{ limit: 'nonsense' }]])(
    'raising: %j, which is not offered, is a 404',
    async (fields) => {
      expect((await raise(fields)).response.status).toBe(404);
      expect(site.quota.asked.filter((line) => line.startsWith('raise'))).toEqual([]);
    },
  );

  test('raising: gets a 409 that says so if it would lessen what an operator has set', async () => {
    site.quota.answers.raise = new QuotaUnavailable({
      requestId: 'r-1',
      reason: 'inner-message',
      grpcStatus: 'FAILED_PRECONDITION',
      daemonReason: 'LESSENS_OVERRIDE',
    });
    const { response, html } = await raise();
    expect(response.status).toBe(409);
    expect(html).toContain('a special limit is set for this student');
    expect(html).not.toContain('inner-message');
  });

  test('raising: an unreachable daemon is 503, and the page says so', async () => {
    site.quota.answers.raise = unavailable();
    const { response, html } = await raise();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(html).toContain('Nothing was changed');
  });

  test('raising: by a student, 403 and nothing is raised', async () => {
    const student = createVisitor(site.url);
    await student.logIn();
    const fields = { policy: 'connection', limit: 'per-window', size: '20', hours: '8' };
    const { response } = await student.submit('/account', '/students/1/raise', fields);
    expect(response.status).toBe(403);
    expect(site.quota.asked.filter((line) => line.startsWith('raise'))).toEqual([]);
  });

  test('raising: a limit that was raised to the bound is not offered again and shown as overridden', async () => {
    const [quota] = raisable();
    const limits = quota?.limits.map((limit) => ({ ...limit, limit: 30, overridden: true })) ?? [];
    site.quota.answers.quotas = [{ policy: 'connection', raises: quota?.raises ?? {}, limits }];
    const { html } = await staff.get('/students/1');
    expect(html).toContain('A special limit is set for this student.');
    expect(html).not.toContain('/raise');
  });
});
