import { describe, expect, test } from '@jest/globals';
import type { Blocked } from '../../../../../web/quota/client';
import { unavailable } from '../../fakes';
import { siteOfStaff } from './site_of_staff';

const served = siteOfStaff();

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
    served.site.quota.answers.blocked = [blockedOf('1', 'connection', 1), blockedOf('2', 'service-call', 2)];
    const { html } = await served.staff.get('/students');
    expect(served.site.quota.asked).toEqual([
      'blocked connection',
      'blocked service-call',
      'blocked login-attempt',
      'blocked password-attempt',
    ]);
    const table = html.slice(html.indexOf('Blocked now'), html.indexOf('The latest accounts'));
    expect(table.indexOf('Sam Staff')).toBeLessThan(table.indexOf('Ada &lt;b>Love&lt;/b>'));
    expect(table).toContain('<a href="/students/1">');
    expect(table).toContain('<span class="muted">Service calls</span>');
    expect(table.match(/43\sseconds/g)).toHaveLength(2);
    expect(table).toContain('action="/students/1/reset"');
    expect(table).toContain('aria-label="Lift the block: Ada &lt;b>Love&lt;/b>, Logins"');
  });

  test('blocked: a subject that is no account is shown by its name and without a button', async () => {
    served.site.quota.answers.blocked = [blockedOf('nobody-99', 'connection', 1)];
    const { html } = await served.staff.get('/students');
    expect(html).toContain('No account (nobody-99)');
    expect(html).not.toContain('/reset');
  });

  test('blocked: an address is listed with its policy, without a link and a button', async () => {
    served.site.quota.answers.blocked = [blockedOf('203.0.113.7', 'login-attempt', 1)];
    const { html } = await served.staff.get('/students');
    const table = html.slice(html.indexOf('Blocked now'), html.indexOf('The latest accounts'));
    expect(table).toContain('<bdi class="number">203.0.113.7</bdi>');
    expect(table).toContain('<span class="muted">Login attempts</span>');
    expect(table).not.toMatch(/<a |<form/);
  });

  test('blocked: an account of the page is named and can be lifted, another and a browser of a deleted one are not', async () => {
    await served.staff.get('/students/1');
    const account =
      served.site.quota.asked.find((line) => line.startsWith('quotas password-attempt'))?.split(' ')[2] ?? '';
    const subjects = [account, 'account:of-another', 'device:99:sixteen-letters-'];
    served.site.quota.answers.blocked = subjects.map((subject) => blockedOf(subject, 'password-attempt', 1));
    const { html } = await served.staff.get('/students');
    const table = html.slice(html.indexOf('Blocked now'), html.indexOf('The latest accounts'));
    expect(table).toContain('<a href="/students/1">');
    expect(table).toContain('An account<br/>');
    expect(table).toContain('A deleted account<br/>');
    expect(table).toContain('An account that is not named here is shown as blocked on its student’s page');
    expect(table.match(/action="\/students\/1\/reset"/g)).toHaveLength(1);
    expect(table.match(/<form/g)).toHaveLength(1);
    expect(table).not.toContain('of-another');
  });

  test('blocked: a known browser is listed under its student’s name and can be lifted', async () => {
    served.site.quota.answers.blocked = [blockedOf('device:1:sixteen-letters-', 'password-attempt', 1)];
    const { html } = await served.staff.get('/students');
    const table = html.slice(html.indexOf('Blocked now'), html.indexOf('The latest accounts'));
    expect(table).toContain('<a href="/students/1">Ada &lt;b>Love&lt;/b></a>');
    expect(table).toContain('<span class="muted">Password attempts in a known browser</span>');
    expect(table).toMatch(
      /<form method="post" action="\/students\/1\/reset">.*name="policy" value="password-attempt".*name="browser" value="sixteen-letters-"/,
    );
    expect(table).toContain(
      'aria-label="Lift the block: Ada &lt;b>Love&lt;/b>, Password attempts in a known browser"',
    );
  });

  test('blocked: a limit to which nothing comes back says so', async () => {
    served.site.quota.answers.blocked = [blockedOf('1', 'connection', 1, 0)];
    expect((await served.staff.get('/students')).html).toContain('never by itself');
  });

  test('blocked: it says if there is nobody, more than are listed, or no daemon', async () => {
    expect((await served.staff.get('/students')).html).toContain('Nobody is blocked now.');
    served.site.quota.answers.blocked = Array.from({ length: 51 }, (_, at) =>
      blockedOf(`s-${at}`, 'connection', at),
    );
    expect((await served.staff.get('/students')).html).toContain('There may be more than these.');
    served.site.quota.answers.blocked = unavailable();
    const { response, html } = await served.staff.get('/students');
    expect([response.status, html.includes('The quotas are unavailable right now.')]).toEqual([200, true]);
    expect(html).toContain('href="/students/1"');
  });

  test('blocked: is not asked for in a search', async () => {
    const { html } = await served.staff.get('/students?q=Ad');
    expect(html).not.toContain('Blocked now');
    expect(served.site.quota.asked).toEqual(['search Ad']);
  });
});
