import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newToken } from '../../daemon/access/tokens';
import type { TestIdentity } from '../helpers/access';
import { accessFile, createFolder } from '../helpers/access';
import { type AdminClient, createAdminClient } from '../helpers/admin_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { createQuotaClient, failureOf, type QuotaClient } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

const TOKENS = { shop: newToken(), staff: newToken(), site: newToken(), all: newToken() };
const RESTRICTED = { policies: ['connection'], subject_prefix: 'shop-', max_cost: 2 };
const IDENTITIES: TestIdentity[] = [
  { name: 'shop', role: 'caller', tokens: [TOKENS.shop], ...RESTRICTED },
  { name: 'staff', role: 'operator', tokens: [TOKENS.staff], ...RESTRICTED },
  { name: 'site', role: 'site', tokens: [TOKENS.site], subject_prefix: 'shop-' },
  { name: 'all', role: 'operator', tokens: [TOKENS.all] },
];

const folder = createFolder();
let space: RedisSpace;
let daemon: TestDaemon;
let client: QuotaClient;
let admin: AdminClient;

beforeAll(async () => {
  space = openRedisSpace();
  daemon = await startDaemon({
    redisUrl: space.url,
    prefix: space.prefix,
    env: { QUOTA_ACCESS: folder.write('access.yaml', accessFile(IDENTITIES)) },
    credentials: { token: TOKENS.all },
  });
  client = createQuotaClient(daemon.target, { token: TOKENS.shop });
  admin = createAdminClient(daemon.target, { token: TOKENS.staff });
});
afterAll(async () => {
  client.close();
  admin.close();
  await daemon.stop();
  await space.close();
  folder.remove();
});

const THREE_DAYS = { seconds: 259_200, nanos: 0 };

const own = () => `shop-${randomUUID()}`;

const SUBJECT = 'subject must begin with "shop-" for this caller';
const POLICY = 'policy must be connection for this caller';
const COST = 'cost must be 2 at most for this caller';

const denied = (...reasons: string[]) => ({
  code: status.PERMISSION_DENIED,
  reason: 'PERMISSION_DENIED',
  message: reasons.join('; '),
});

describe('a caller that is restricted', () => {
  test('what it may use is answered', async () => {
    const subject = own();

    expect(await client.admit({ subject, policy: 'connection', cost: 2 })).toMatchObject({ decision: 1 });
    expect(await client.recordCall({ subject, service: 'achat' })).toBe(true);
    const none = { recentCount: 0, topCount: 0, leastCount: 0, hourCount: 0 };
    expect((await client.stats({ ...none, subject })).subjectUsage).toMatchObject({ callCount: 1 });
  });

  test('a refund is held to the same restrictions', async () => {
    const request = { subject: own(), policy: 'connection', requestId: randomUUID() };
    await client.admit(request);

    expect(await client.refund(request)).toMatchObject({ refunded: true });
    const wrong = { ...request, subject: randomUUID(), policy: 'service-call' };
    expect(await failureOf(client.refund(wrong))).toMatchObject(denied(SUBJECT, POLICY));
  });

  test('each field that it may not use is PERMISSION_DENIED with all reasons, and nothing taken', async () => {
    const wrong = { subject: randomUUID(), policy: 'service-call', cost: 3 };

    expect(await failureOf(client.admit(wrong))).toMatchObject(denied(SUBJECT, POLICY, COST));
    expect(await failureOf(client.admit({ ...wrong, subject: own() }))).toMatchObject(denied(POLICY, COST));
    expect(await failureOf(client.recordCall({ subject: 'x', service: 'achat' }))).toMatchObject(
      denied(SUBJECT),
    );
    expect(await space.keys(`*${wrong.subject}`)).toEqual([]);
  });

  test('one request of a batch that it may not make is denied alone', async () => {
    const { results } = await client.batchAdmit([
      { subject: own(), policy: 'connection' },
      { subject: 'x', policy: 'connection' },
    ]);

    expect(results.map(({ result }) => result?.$case)).toEqual(['response', 'error']);
    expect(results[1]?.result?.value).toMatchObject({ code: status.PERMISSION_DENIED, message: SUBJECT });
  });

  test('statistics that show others are rejected; each list by its name', async () => {
    const { message } = await failureOf(client.stats({ hourCount: 1, topCount: 0 }));

    for (const field of ['recent_count', 'least_count', 'hour_count'])
      expect(message).toContain(`${field} must be 0`);
    expect(message).not.toContain('top_count');
  });
});

describe('a site that shares a daemon with others', () => {
  let site: AdminClient;
  beforeAll(() => {
    site = createAdminClient(daemon.target, { token: TOKENS.site });
  });
  afterAll(() => site.close());

  test('erases, resets and reads its own subjects', async () => {
    const subject = own();
    await client.admit({ subject, policy: 'connection' });

    expect((await site.getQuota(subject, 'connection', THREE_DAYS)).usage).toMatchObject({ subject });
    expect(await site.resetQuota(subject, 'connection')).toBe(1);
    await site.eraseSubject(subject);
  });

  test.each<[string, (subject: string) => Promise<unknown>]>([
    ['an erasure', (subject) => site.eraseSubject(subject)],
    ['a reset', (subject) => site.resetQuota(subject)],
    ['a look at the quota and the numbers', (subject) => site.getQuota(subject, '', THREE_DAYS)],
    [
      'a raise',
      (subject) =>
        site.raiseLimit({
          subject,
          policy: 'service-call',
          limitName: 'per-window',
          limit: 11,
          duration: { seconds: 60, nanos: 0 },
        }),
    ],
  ])('%s of another site’s subject is PERMISSION_DENIED', async (_, call) => {
    expect(await failureOf(call(`other-${randomUUID()}`))).toMatchObject(denied(SUBJECT));
  });
});

describe('an operator that is restricted', () => {
  test('reaches its own subjects and policies', async () => {
    const target = { subject: own(), policy: 'connection', limitName: 'per-window' };

    await admin.getQuota(target.subject, 'connection');
    await admin.resetQuota(target.subject, 'connection');
    await admin.setOverride({ ...target, limit: 5 });
    expect(await admin.clearOverride(target)).toBe(true);
    await admin.listPolicies();
  });

  test.each<[string, () => Promise<unknown>, string[]]>([
    ['all policies of its subject', () => admin.getQuota(own()), [POLICY]],
    ['a reset of another subject', () => admin.resetQuota('x', 'connection'), [SUBJECT]],
    [
      'an override of both',
      () => admin.setOverride({ subject: 'x', policy: 'service-call', limitName: 'per-window', limit: 1 }),
      [SUBJECT, POLICY],
    ],
    [
      'an override to clear',
      () => admin.clearOverride({ subject: 'x', policy: 'connection', limitName: 'per-window' }),
      [SUBJECT],
    ],
    ["everybody's overrides", () => admin.listOverrides(), [SUBJECT, POLICY]],
    ['an erasure, which concerns all policies', () => admin.eraseSubject(own()), [POLICY]],
    ["anyone's erasure", () => admin.getErasure('0.x'), [SUBJECT, POLICY]],
    ['the audit trail', () => admin.listAudit(), [SUBJECT, POLICY]],
  ])('%s, refused', async (_, call, reasons) => {
    expect(await failureOf(call())).toMatchObject(denied(...reasons));
  });

  test('a watch of everybody is rejected', async () => {
    const watch = admin.watchDecisions();
    const [error] = (await once(watch, 'error')) as [ServiceError];

    expect(error).toMatchObject({ code: status.PERMISSION_DENIED, details: `${SUBJECT}; ${POLICY}` });
  });

  test('a watch that goes on when the restrictions change is ended', async () => {
    const watch = admin.watchDecisions({ subject: 'shop-1', policy: 'connection' });
    const ended = once(watch, 'error') as Promise<[ServiceError]>;
    await once(watch, 'metadata');
    const changed = IDENTITIES.map((each) =>
      each.name === 'staff' ? { ...each, subject_prefix: 's-' } : each,
    );
    folder.write('access.yaml', accessFile(changed));

    expect((await ended)[0]).toMatchObject({ code: status.PERMISSION_DENIED });
    folder.write('access.yaml', accessFile(IDENTITIES));
  });
});
