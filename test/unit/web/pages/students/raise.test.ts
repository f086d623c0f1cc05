import { beforeEach, describe, expect, test } from '@jest/globals';
import { QuotaUnavailable } from '../../../../../client/answers/unavailable';
import type { Quota } from '../../../../../web/quota/client';
import { createVisitor } from '../../../../helpers/visitor';
import { unavailable } from '../../fakes';
import { quotaOf } from './quota_of';
import { siteOfStaff } from './site_of_staff';

const served = siteOfStaff();

describe('raising a limit', () => {
  const DAY_MS = 86_400_000;
  const raisable = (durationMs = DAY_MS): Quota[] => [
    { ...quotaOf('connection', 0), raises: { 'per-window': { limit: 30, durationMs } } },
    quotaOf('service-call', 4),
  ];
  beforeEach(() => {
    served.site.quota.answers.quotas = raisable();
  });
  const raise = (fields: Record<string, string> = {}, path = '/students/1') =>
    served.staff.submit('/students/1', `${path}/raise`, {
      policy: 'connection',
      limit: 'per-window',
      size: '20',
      hours: '8',
      ...fields,
    });

  test('raising: offered for what can be raised alone, within its bound', async () => {
    const { html } = await served.staff.get('/students/1');
    expect(html.match(/action="\/students\/1\/raise"/g)).toHaveLength(1);
    expect(html).toContain('New limit, 11 to 30');
    expect([...html.matchAll(/<option value="(\d+)"/g)].map(([, hours]) => hours)).toEqual(['1', '8', '24']);
  });

  test('raising: a bound of half an hour, offered as it is', async () => {
    served.site.quota.answers.quotas = raisable(1_800_000);
    const { html } = await served.staff.get('/students/1');
    expect(html).toContain('<option value="0.5"');
    await raise({ hours: '0.5' });
    expect(served.site.quota.asked).toContain('raise connection per-window of 1 to 20 for 1800000');
  });

  test('raising: all is well, the daemon is asked, the page says so, and the log says who did it', async () => {
    const { response } = await raise();
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/students/1?raised=connection',
    ]);
    expect(served.site.quota.asked).toContain('raise connection per-window of 1 to 20 for 28800000');
    const line = served.site.logLines.find((text) => text.includes('a limit was raised'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      staffId: 2,
      userId: 1,
      policy: 'connection',
      limit: 20,
    });
    expect((await served.staff.get('/students/1?raised=connection')).html).toContain(
      'Limit raised (Logins).',
    );
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
    expect(served.site.quota.asked.filter((line) => line.startsWith('raise'))).toEqual([]);
  });

  test.each([[{ policy: 'service-call' }], [{ policy: 'login-attempt' }], [{ limit: 'nonsense' }]])(
    'raising: %j, which is not offered, is a 404',
    async (fields) => {
      expect((await raise(fields)).response.status).toBe(404);
      expect(served.site.quota.asked.filter((line) => line.startsWith('raise'))).toEqual([]);
    },
  );

  test('raising: gets a 409 that says so if it would lessen what an operator has set', async () => {
    served.site.quota.answers.raise = new QuotaUnavailable({
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
    served.site.quota.answers.raise = unavailable();
    const { response, html } = await raise();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(html).toContain('Nothing was changed');
  });

  test('raising: by a student, 403 and nothing is raised', async () => {
    const student = createVisitor(served.site.url);
    await student.logIn();
    const fields = { policy: 'connection', limit: 'per-window', size: '20', hours: '8' };
    const { response } = await student.submit('/account', '/students/1/raise', fields);
    expect(response.status).toBe(403);
    expect(served.site.quota.asked.filter((line) => line.startsWith('raise'))).toEqual([]);
  });

  test('raising: a limit that was raised to the bound is not offered again and shown as overridden', async () => {
    const [quota] = raisable();
    const limits = quota?.limits.map((limit) => ({ ...limit, limit: 30, overridden: true })) ?? [];
    served.site.quota.answers.quotas = [{ policy: 'connection', raises: quota?.raises ?? {}, limits }];
    const { html } = await served.staff.get('/students/1');
    expect(html).toContain('A special limit is set for this student.');
    expect(html).not.toContain('/raise');
  });
});
