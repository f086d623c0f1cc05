import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { Duration } from '../../gen/google/protobuf/duration';
import { Decision } from '../../gen/quota/v1/quota_service';
import { operatedDaemons } from '../helpers/operated_daemons';
import { failureOf } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const THREE_DAYS: Duration = { seconds: 259_200, nanos: 0 };

const at = operatedDaemons();

const connect = (subject: string, cost = 1) =>
  at.daemon.client.admit({ subject, policy: 'connection', cost });
const connectElsewhere = (subject: string) => at.elsewhere.client.admit({ subject, policy: 'connection' });

const toMs = (delay: Duration | undefined) => delay && delay.seconds * 1000 + delay.nanos / 1e6;

describe('GetQuota', () => {
  test('a subject that has taken something: its state is returned, and nothing more taken', async () => {
    const subject = randomUUID();
    await connect(subject, 2);
    await at.admin.getQuota(subject, 'connection');

    const { quotas } = await at.admin.getQuota(subject, 'connection');

    expect(quotas).toMatchObject([
      { policy: 'connection', limits: [{ name: 'per-window', limit: 3, remaining: 1, overridden: false }] },
    ]);
  });

  test('a subject that has taken twice has a next delay until the first comes back', async () => {
    const subject = randomUUID();
    await connect(subject);
    await connect(subject);

    const [limit] = (await at.admin.getQuota(subject, 'connection')).quotas[0]?.limits ?? [];
    const [next, reset] = [limit?.nextDelay, limit?.resetDelay].map(toMs);

    expect(next).toBeGreaterThan(500_000);
    expect(next).toBeLessThan(reset ?? 0);
  });

  test('a subject that has taken nothing has no next delay in any policy', async () => {
    const { quotas } = await at.admin.getQuota(randomUUID());

    const delays = quotas.flatMap(({ limits }) => limits.map(({ nextDelay }) => nextDelay));
    expect(new Set(delays.map(toMs))).toEqual(new Set([0]));
  });

  test('without a policy, every policy is returned in the order of the file', async () => {
    const { quotas } = await at.admin.getQuota(randomUUID());

    expect(quotas.map(({ policy }) => policy)).toEqual(['connection', 'mixed']);
  });

  test('with a window, the own numbers of the subject are returned as the statistics have them, and without one none are', async () => {
    const subject = randomUUID();
    await connect(subject);
    await connect(subject);
    await at.daemon.client.recordCall({ subject, service: 'vente' });

    const { quotas, usage } = await at.admin.getQuota(subject, 'connection', THREE_DAYS);
    const { subjectUsage } = await at.daemon.client.stats({ subject });

    expect(usage).toMatchObject({ subject, callCount: 1 });
    expect(usage).toEqual(subjectUsage);
    expect(quotas).toMatchObject([{ policy: 'connection', limits: [{ remaining: 1 }] }]);
    expect((await at.admin.getQuota(subject, 'connection')).usage).toBeUndefined();
  });

  test('a window that is not counted is rejected together with the other faults', async () => {
    const fault = await failureOf(at.admin.getQuota('', 'connection', { seconds: 61, nanos: 0 }));

    expect([fault.code, fault.fields]).toEqual([status.INVALID_ARGUMENT, ['subject', 'usage_window']]);
  });

  test('no subject and a policy that is none are both refused', async () => {
    const noSubject = await failureOf(at.admin.getQuota('', 'x'.repeat(64)));
    const noPolicy = await failureOf(at.admin.getQuota('42', 'nosuch'));

    expect([noSubject.code, noSubject.fields]).toEqual([status.INVALID_ARGUMENT, ['subject', 'policy']]);
    expect([noPolicy.code, noPolicy.reason]).toEqual([status.NOT_FOUND, 'UNKNOWN_POLICY']);
  });
});

describe('ResetQuota', () => {
  test('a blocked subject is let in again on every daemon at once', async () => {
    const subject = randomUUID();
    await connect(subject, 3);
    const blocked = await connectElsewhere(subject);

    const resetCount = await at.admin.resetQuota(subject);
    const freed = await connectElsewhere(subject);

    expect([blocked?.decision, resetCount, freed?.decision]).toEqual([Decision.DENIED, 1, Decision.ADMITTED]);
    const changes = () => at.daemon.log.filter(({ msg }) => msg === 'administrative change');
    await until('the change in the log', () => changes().length > 0);
    expect(changes()).toEqual([
      expect.objectContaining({
        change: 'quota reset',
        subjectHash: expect.stringMatching(/^[0-9a-f]{16}$/),
        by: expect.any(String),
      }),
    ]);
  });
});

describe('shadow limits', () => {
  test('a used-up shadow limit is counted and reported but denies nothing', async () => {
    const subject = randomUUID();
    const answers = [];
    for (let i = 0; i < 4; i += 1) answers.push(await at.daemon.client.admit({ subject, policy: 'mixed' }));

    const told = answers.map(({ decision, limits }) => [decision, limits.at(-1)?.shadowDenied]);
    expect(told).toEqual([
      [Decision.ADMITTED, false],
      [Decision.ADMITTED, false],
      [Decision.ADMITTED, true],
      [Decision.ADMITTED, true],
    ]);
    expect(answers.at(-1)?.limits.at(-1)).toMatchObject({ name: 'tried-out', shadow: true, remaining: 0 });
  });
});

describe('ListPolicies', () => {
  test('the policies are as the file says', async () => {
    const { policies, services } = await at.admin.listPolicies();

    expect(services).toEqual(['vente']);
    expect(policies.map(({ name, limits }) => [name, limits.length])).toEqual([
      ['connection', 1],
      ['mixed', 3],
    ]);
    expect(policies[1]?.limits[2]).toEqual({
      name: 'tried-out',
      algorithm: 'sliding-window',
      limit: 2,
      window: { seconds: 600, nanos: 0 },
      shadow: true,
    });
  });
});
