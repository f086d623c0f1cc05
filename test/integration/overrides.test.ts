import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { createKeys } from '../../daemon/redis/keys';
import { listOverrides, setOverride } from '../../daemon/redis/limits/overrides';
import { Decision } from '../../gen/quota/v1/quota_service';
import { operatedDaemons } from '../helpers/operated_daemons';
import { failureOf } from '../helpers/quota_client';
import { openRedisSpace } from '../helpers/redis';
import { quickly, until } from '../helpers/wait';

const at = operatedDaemons();

const connect = (subject: string, cost = 1) =>
  at.daemon.client.admit({ subject, policy: 'connection', cost });
const connectElsewhere = (subject: string) => at.elsewhere.client.admit({ subject, policy: 'connection' });

const override = (subject: string, limit: number) => {
  return { subject, policy: 'connection', limitName: 'per-window', limit };
};

/** Longer than daemons remember a denial. */
const MOMENT_MS = 3_000;

/** Raises a limit for a moment, and uses it. */
async function overrideForAMoment() {
  const subject = randomUUID();
  await at.admin.setOverride({ ...override(subject, 9), expireTime: new Date(Date.now() + MOMENT_MS) });
  return { subject, during: await connect(subject) };
}

describe('overrides', () => {
  test('another limit for one subject holds at once on every daemon and for nobody else', async () => {
    const subject = randomUUID();
    await connect(subject, 3);
    const { override: set } = await at.admin.setOverride(override(subject, 5));

    const elsewhere = await connectElsewhere(subject);
    const other = await connect(randomUUID(), 3);

    expect(set).toMatchObject({ ...override(subject, 5), expireTime: undefined });
    expect(elsewhere).toMatchObject({
      decision: Decision.ADMITTED,
      limits: [{ limit: 5, remaining: 1, overridden: true }],
    });
    expect(other.limits).toMatchObject([{ limit: 3, remaining: 0, overridden: false }]);
  });

  test('a limit of 0 admits nothing and returns no time to come back', async () => {
    const subject = randomUUID();
    await at.admin.setOverride(override(subject, 0));

    const { decision, retryDelay } = await connect(subject);

    expect([decision, retryDelay]).toEqual([Decision.DENIED, undefined]);
  });

  test('a bucket with another size keeps what was taken', async () => {
    const subject = randomUUID();
    await at.daemon.client.admit({ subject, policy: 'mixed', cost: 2 });
    for (const limitName of ['window', 'bucket']) {
      await at.admin.setOverride({ subject, policy: 'mixed', limitName, limit: 9 });
    }

    const { limits } = await at.daemon.client.admit({ subject, policy: 'mixed' });

    expect(limits.map(({ name, limit, remaining }) => [name, limit, remaining])).toEqual([
      ['window', 9, 6],
      ['bucket', 9, 6],
      ['tried-out', 2, 0],
    ]);
  });

  test('an override that has ended, the file decides again and it is listed no more', async () => {
    // Setting it waits for the caches of other daemons, and it must not have ended by then.
    const { subject, during } = await quickly('an override that is used', overrideForAMoment, {
      lessThanMs: MOMENT_MS,
    });
    await until('the override has ended', async () => (await connect(subject, 9)).limits[0]?.limit === 3);

    const { overrides } = await at.admin.listOverrides({ subject });

    expect(during.limits[0]?.limit).toBe(9);
    expect(overrides).toEqual([]);
  });

  test('a limit of 0 until a moment is denied with that moment to come back', async () => {
    const subject = randomUUID();
    await at.admin.setOverride({ ...override(subject, 0), expireTime: new Date(Date.now() + 600_000) });

    const { decision, retryDelay } = await connect(subject);

    expect(decision).toBe(Decision.DENIED);
    expect(retryDelay?.seconds).toBeGreaterThan(500);
    expect(retryDelay?.seconds).toBeLessThanOrEqual(600);
  });

  test('a limit below what was taken, one more free once all of the excess has come back', async () => {
    const subject = randomUUID();
    await connect(subject, 1);
    await connect(subject, 1);
    await at.admin.setOverride(override(subject, 1));

    const [limit] = (await at.admin.getQuota(subject, 'connection')).quotas[0]?.limits ?? [];

    expect(limit).toMatchObject({ limit: 1, remaining: 0, nextDelay: limit?.resetDelay });
    expect(limit?.nextDelay?.seconds).toBeGreaterThan(500);
  });

  test('a limit of 0 is free as a whole', async () => {
    const subject = randomUUID();
    await connect(subject, 1);
    await at.admin.setOverride(override(subject, 0));

    const { quotas } = await at.admin.getQuota(subject, 'connection');

    expect(quotas[0]?.limits).toMatchObject([{ remaining: 0, nextDelay: { seconds: 0, nanos: 0 } }]);
  });

  test('an invalid page token is rejected', async () => {
    for (const pageToken of ['nonsense', '0:99999999999999999999', '1024:0']) {
      const { code, fields } = await failureOf(at.admin.listOverrides({ pageToken }));
      expect([code, fields]).toEqual([status.INVALID_ARGUMENT, ['page_token']]);
    }
  });

  test('of overrides that have ended and one set again, only the ended ones are forgotten when they are listed', async () => {
    const space = openRedisSpace();
    try {
      const keys = createKeys({ prefix: space.prefix, partitions: 1 });
      const database = { redis: space.admissions, keys, partitions: 1 };
      const set = (subject: string, expireTimeMs?: number) =>
        setOverride(database, { ...override(subject, 5), expireTimeMs, setBy: 'alice' });
      await set('ended', Date.now() + 50);
      await set('set-anew', Date.now() + 50);
      await set('set-anew');
      await until('the end has passed', async () => {
        const query = { subject: undefined, pageSize: 10, pageToken: undefined };
        return (await listOverrides(database, query)).overrides.length === 1;
      });

      expect(await space.admissions.hkeys(keys.overrides(0))).toEqual(['connection:per-window:set-anew']);
    } finally {
      await space.close();
    }
  });

  test('an override that is cleared, gone; cleared again, there was none', async () => {
    const subject = randomUUID();
    await at.admin.setOverride(override(subject, 9));
    const { subject: who, policy, limitName } = override(subject, 9);

    const cleared = [1, 2].map(() => at.admin.clearOverride({ subject: who, policy, limitName }));

    expect(await Promise.all(cleared)).toEqual([true, false]);
    expect((await connect(subject)).limits[0]?.limit).toBe(3);
  });

  test('the overrides of all are listed page by page with who set them', async () => {
    const subjects = Array.from({ length: 5 }, () => `${randomUUID()}:with:colons`);
    for (const subject of subjects) await at.admin.setOverride(override(subject, 7));

    const listed = [];
    let pageToken = '';
    do {
      const page = await at.admin.listOverrides({ pageSize: 2, pageToken });
      listed.push(...page.overrides);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');

    const ours = listed.filter(({ subject }) => subjects.includes(subject));
    expect(ours.map(({ subject }) => subject).sort()).toEqual(subjects.sort());
    for (const each of ours)
      expect(each).toMatchObject({ policy: 'connection', limit: 7, setBy: expect.any(String) });
  });

  test.each([
    { wrong: 'nothing given', request: {}, fields: ['subject', 'policy', 'limit_name', 'limit'] },
    { wrong: 'a negative limit', request: override('42', -1), fields: ['limit'] },
    { wrong: 'a sliding window of 1001', request: override('42', 1001), fields: ['limit'] },
    {
      wrong: 'an end in the past',
      request: { ...override('42', 5), expireTime: new Date(1) },
      fields: ['expire_time'],
    },
  ])('$wrong is rejected with every field', async ({ request, fields }) => {
    const failure = await failureOf(at.admin.setOverride(request));

    expect([failure.code, failure.fields]).toEqual([status.INVALID_ARGUMENT, fields]);
  });

  test('a limit that the policy does not have is NOT_FOUND', async () => {
    const failure = await failureOf(at.admin.setOverride({ ...override('42', 5), limitName: 'nosuch' }));

    expect([failure.code, failure.reason]).toEqual([status.NOT_FOUND, 'UNKNOWN_LIMIT']);
  });
});
