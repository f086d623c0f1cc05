import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { operatedDaemons } from '../helpers/operated_daemons';
import { failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const at = operatedDaemons();

const target = (subject: string) => ({ subject, policy: 'connection', limitName: 'per-window' });
const HOUR = { seconds: 3600, nanos: 0 };

/** Uses a subject's connections up, and is denied once more, through either daemon. */
async function block(subject: string, client = at.daemon.client): Promise<void> {
  await client.admit({ subject, policy: 'connection', cost: 3 });
  await client.admit({ subject, policy: 'connection' });
}

async function blockedSubjects(): Promise<string[]> {
  const { blocked } = await at.admin.listBlocked();
  return blocked.map(({ subject }) => subject);
}

describe('ListBlocked', () => {
  test('a subject that this daemon has just denied is listed at once, with its limits', async () => {
    const subject = randomUUID();
    await block(subject);
    const { blocked } = await at.admin.listBlocked({ policy: 'connection' });

    expect(blocked[0]).toMatchObject({
      subject,
      policy: 'connection',
      limits: [{ name: 'per-window', limit: 3, remaining: 0 }],
    });
    const ageMs = Date.now() - (blocked[0]?.denyTime?.getTime() ?? 0);
    expect(Math.abs(ageMs)).toBeLessThan(60_000);
  });

  test('a subject that another daemon has denied is listed within a second or two', async () => {
    const subject = randomUUID();
    await block(subject, at.elsewhere.client);

    await until('the denial at the other daemon', async () => (await blockedSubjects()).includes(subject));
  });

  test('a subject whose block was lifted is no longer listed', async () => {
    const subject = randomUUID();
    await block(subject);
    const before = await blockedSubjects();
    await at.admin.resetQuota(subject);

    expect(before).toContain(subject);
    expect(await blockedSubjects()).not.toContain(subject);
  });

  test('a subject that was denied a cost it has not, with some remaining is not listed', async () => {
    const subject = randomUUID();
    await at.daemon.client.admit({ subject, policy: 'connection', cost: 3 + 1 });

    expect(await blockedSubjects()).not.toContain(subject);
  });

  test('more than are asked for are listed as many as that, and are partial', async () => {
    await block(randomUUID());
    await block(randomUUID());
    const { blocked, isPartial } = await at.admin.listBlocked({ maxCount: 1 });

    expect([blocked.length, isPartial]).toEqual([1, true]);
  });

  test('too many, and a policy that does not exist, are rejected', async () => {
    const tooMany = await failureOf(at.admin.listBlocked({ maxCount: 101 }));
    const noPolicy = await failureOf(at.admin.listBlocked({ policy: 'nosuch' }));

    expect([tooMany.code, tooMany.fields]).toEqual([status.INVALID_ARGUMENT, ['max_count']]);
    expect([noPolicy.code, noPolicy.reason]).toEqual([status.NOT_FOUND, 'UNKNOWN_POLICY']);
  });
});

describe('RaiseLimit', () => {
  test('a blocked subject is admitted at every daemon at once, and no more than so far', async () => {
    const subject = randomUUID();
    await block(subject);
    const { override } = await at.admin.raiseLimit({ ...target(subject), limit: 5, duration: HOUR });
    const cost = 2;
    const admitted = await at.elsewhere.client.admit({ subject, policy: 'connection', cost });
    const denied = await at.daemon.client.admit({ subject, policy: 'connection' });

    expect(override).toMatchObject({ ...target(subject), limit: 5 });
    expect((override?.expireTime?.getTime() ?? 0) - (override?.setTime?.getTime() ?? 0)).toBe(3_600_000);
    expect([admitted.decision, denied.decision]).toEqual([Decision.ADMITTED, Decision.DENIED]);
  });

  test('GetQuota and ListPolicies show how far each limit may be raised', async () => {
    const { quotas } = await at.admin.getQuota(randomUUID());
    const { policies } = await at.admin.listPolicies();
    const raises = { 'per-window': { limit: 6, duration: { seconds: 7200, nanos: 0 } } };

    expect(quotas.map((quota) => quota.raises)).toEqual([raises, {}]);
    expect(policies.map((policy) => policy.raises)).toEqual([raises, {}]);
  });

  test.each([
    ['a size above the bound', { limit: 7 }, ['limit']],
    ['the configured size', { limit: 3 }, ['limit']],
    ['a time above the bound', { duration: { seconds: 7200, nanos: 1_000_000 } }, ['duration']],
    ['a time that is too short', { duration: { seconds: 59, nanos: 0 } }, ['duration']],
    ['no time', { duration: undefined }, ['duration']],
    ['a time of two signs', { duration: { seconds: 3600, nanos: -1 } }, ['duration']],
    ['a limit that has no raise', { policy: 'mixed', limitName: 'window' }, ['limit_name']],
  ])('%s is rejected, and sets nothing', async (_, wrong, fields) => {
    const subject = randomUUID();
    const failure = await failureOf(
      at.admin.raiseLimit({ ...target(subject), limit: 5, duration: HOUR, ...wrong }),
    );

    expect([failure.code, failure.fields]).toEqual([status.INVALID_ARGUMENT, fields]);
    expect((await at.admin.listOverrides({ subject })).overrides).toEqual([]);
  });

  test('a limit that is none is not found', async () => {
    const wrong = { ...target(randomUUID()), limitName: 'nosuch', limit: 5, duration: HOUR };

    expect(await failureOf(at.admin.raiseLimit(wrong))).toMatchObject({ reason: 'UNKNOWN_LIMIT' });
  });

  test('a subject that an operator has barred is left as it is', async () => {
    const subject = randomUUID();
    await at.admin.setOverride({ ...target(subject), limit: 0 });
    const failure = await failureOf(at.admin.raiseLimit({ ...target(subject), limit: 5, duration: HOUR }));

    expect([failure.code, failure.reason]).toEqual([status.FAILED_PRECONDITION, 'LESSENS_OVERRIDE']);
    expect((await at.admin.listOverrides({ subject })).overrides).toMatchObject([{ limit: 0 }]);
  });

  test('what was raised is in the log and in the audit trail', async () => {
    const subject = randomUUID();
    await at.admin.raiseLimit({ ...target(subject), limit: 5, duration: HOUR });
    const { entries } = await at.admin.listAudit({ pageSize: 1 });

    expect(entries).toMatchObject([{ method: 'quota.v1.QuotaAdminService/RaiseLimit', code: 'OK' }]);
    await until('the change in the log', () =>
      at.daemon.log.some(({ change, limit }) => change === 'limit raised' && limit === 5),
    );
  });
});
