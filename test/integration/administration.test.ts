import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WatchDecisionsResponse } from '../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../gen/quota/v1/quota_service';
import { type AdminClient, createAdminClient } from '../helpers/admin_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { failureOf } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';

const POLICIES = `
services: [vente]
policies:
  connection:
    limits:
      - { name: per-window, algorithm: sliding-window, limit: 3, window: 10m }
  mixed:
    limits:
      - { name: window, algorithm: sliding-window, limit: 5, window: 10m }
      - { name: bucket, algorithm: token-bucket, limit: 5, window: 10m }
      - { name: tried-out, algorithm: sliding-window, limit: 2, window: 10m, shadow: true }
`;

let space: RedisSpace;
let daemons: TestDaemon[];
let daemon: TestDaemon;
let admin: AdminClient;
beforeAll(async () => {
  space = openRedisSpace();
  const options = { redisUrl: space.url, prefix: space.prefix, policies: POLICIES };
  daemons = await Promise.all([startDaemon(options), startDaemon(options)]);
  [daemon] = daemons as [TestDaemon];
  admin = createAdminClient(daemon.target);
});
afterAll(async () => {
  admin.close();
  await Promise.all(daemons.map((each) => each.stop()));
  await space.close();
});

const connect = (subject: string, cost = 1) => daemon.client.admit({ subject, policy: 'connection', cost });
const connectElsewhere = (subject: string) => daemons[1]?.client.admit({ subject, policy: 'connection' });

const override = (subject: string, limit: number) => {
  return { subject, policy: 'connection', limitName: 'per-window', limit };
};

describe('GetQuota', () => {
  test('a subject that has taken something, where it stands and nothing more taken', async () => {
    const subject = randomUUID();
    await connect(subject, 2);
    await admin.getQuota(subject, 'connection');

    const { quotas } = await admin.getQuota(subject, 'connection');

    expect(quotas).toMatchObject([
      { policy: 'connection', limits: [{ name: 'per-window', limit: 3, remaining: 1, overridden: false }] },
    ]);
  });

  test('no policy named, every policy told in the order of the file', async () => {
    const { quotas } = await admin.getQuota(randomUUID());

    expect(quotas.map(({ policy }) => policy)).toEqual(['connection', 'mixed']);
  });

  test('no subject and a policy that is none, both refused', async () => {
    const noSubject = await failureOf(admin.getQuota('', 'x'.repeat(64)));
    const noPolicy = await failureOf(admin.getQuota('42', 'nosuch'));

    expect([noSubject.code, noSubject.fields]).toEqual([status.INVALID_ARGUMENT, ['subject', 'policy']]);
    expect([noPolicy.code, noPolicy.reason]).toEqual([status.NOT_FOUND, 'UNKNOWN_POLICY']);
  });
});

describe('ResetQuota', () => {
  test('a blocked subject, let in again on every daemon at once', async () => {
    const subject = randomUUID();
    await connect(subject, 3);
    const blocked = await connectElsewhere(subject);

    const resetCount = await admin.resetQuota(subject);
    const freed = await connectElsewhere(subject);

    expect([blocked?.decision, resetCount, freed?.decision]).toEqual([Decision.DENIED, 1, Decision.ADMITTED]);
    expect(daemon.log).toContainEqual(
      expect.objectContaining({
        msg: 'administrative change',
        change: 'quota reset',
        subject,
        by: expect.any(String),
      }),
    );
  });
});

describe('overrides', () => {
  test('another limit for one subject, holds at once on every daemon and for nobody else', async () => {
    const subject = randomUUID();
    await connect(subject, 3);
    const { override: set } = await admin.setOverride(override(subject, 5));

    const elsewhere = await connectElsewhere(subject);
    const other = await connect(randomUUID(), 3);

    expect(set).toMatchObject({ ...override(subject, 5), expireTime: undefined });
    expect(elsewhere).toMatchObject({
      decision: Decision.ADMITTED,
      limits: [{ limit: 5, remaining: 1, overridden: true }],
    });
    expect(other.limits).toMatchObject([{ limit: 3, remaining: 0, overridden: false }]);
  });

  test('a limit of 0, nothing admitted and no way back told', async () => {
    const subject = randomUUID();
    await admin.setOverride(override(subject, 0));

    const { decision, retryDelay } = await connect(subject);

    expect([decision, retryDelay]).toEqual([Decision.DENIED, undefined]);
  });

  test('a bucket with another size, keeps what was taken', async () => {
    const subject = randomUUID();
    await daemon.client.admit({ subject, policy: 'mixed', cost: 2 });
    for (const limitName of ['window', 'bucket']) {
      await admin.setOverride({ subject, policy: 'mixed', limitName, limit: 9 });
    }

    const { limits } = await daemon.client.admit({ subject, policy: 'mixed' });

    expect(limits.map(({ name, limit, remaining }) => [name, limit, remaining])).toEqual([
      ['window', 9, 6],
      ['bucket', 9, 6],
      ['tried-out', 2, 0],
    ]);
  });

  test('an override that has ended, the file decides again and it is listed no more', async () => {
    const subject = randomUUID();
    await admin.setOverride({ ...override(subject, 9), expireTime: new Date(Date.now() + 400) });
    const during = await connect(subject);
    await until('the override has ended', async () => (await connect(subject, 9)).limits[0]?.limit === 3);

    const { overrides } = await admin.listOverrides({ subject });

    expect(during.limits[0]?.limit).toBe(9);
    expect(overrides).toEqual([]);
  });

  test('an override that is cleared, gone; cleared again, there was none', async () => {
    const subject = randomUUID();
    await admin.setOverride(override(subject, 9));
    const { subject: who, policy, limitName } = override(subject, 9);

    const cleared = [1, 2].map(() => admin.clearOverride({ subject: who, policy, limitName }));

    expect(await Promise.all(cleared)).toEqual([true, false]);
    expect((await connect(subject)).limits[0]?.limit).toBe(3);
  });

  test('the overrides of all, listed page by page with who set them', async () => {
    const subjects = Array.from({ length: 5 }, () => `${randomUUID()}:with:colons`);
    for (const subject of subjects) await admin.setOverride(override(subject, 7));

    const listed = [];
    let pageToken = '';
    do {
      const page = await admin.listOverrides({ pageSize: 2, pageToken });
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
  ])('$wrong, refused with every field', async ({ request, fields }) => {
    const failure = await failureOf(admin.setOverride(request));

    expect([failure.code, failure.fields]).toEqual([status.INVALID_ARGUMENT, fields]);
  });

  test('a limit that the policy does not have, NOT_FOUND', async () => {
    const failure = await failureOf(admin.setOverride({ ...override('42', 5), limitName: 'nosuch' }));

    expect([failure.code, failure.reason]).toEqual([status.NOT_FOUND, 'UNKNOWN_LIMIT']);
  });
});

describe('shadow limits', () => {
  test('a shadow limit that is used up, counted and told but refuses nothing', async () => {
    const subject = randomUUID();
    const answers = [];
    for (let i = 0; i < 4; i += 1) answers.push(await daemon.client.admit({ subject, policy: 'mixed' }));

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
  test('the policies, as the file says', async () => {
    const { policies, services } = await admin.listPolicies();

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

describe('WatchDecisions', () => {
  /** Watches until closed; resolves once the daemon has begun to tell. */
  async function watch(filter: Parameters<AdminClient['watchDecisions']>[0]) {
    const told: WatchDecisionsResponse[] = [];
    const stream = admin.watchDecisions(filter);
    stream.on('data', (event: WatchDecisionsResponse) => told.push(event));
    stream.on('error', () => undefined);
    await once(stream, 'metadata');
    return { told, stream };
  }

  test('decisions of one subject, told as they are made', async () => {
    const subject = randomUUID();
    const { told, stream } = await watch({ subject });
    await connect(randomUUID());
    await connect(subject, 3);
    await connect(subject);
    await until('both are told', () => told.length === 2);
    stream.cancel();

    expect(told).toMatchObject([
      { subject, policy: 'connection', cost: 3, decision: Decision.ADMITTED, missedCount: 0 },
      { subject, policy: 'connection', cost: 1, decision: Decision.DENIED, missedCount: 0 },
    ]);
  });

  test('a watcher that reads nothing, slows no admission and is told what it missed', async () => {
    const subject = randomUUID();
    const { told, stream } = await watch({ subject });
    stream.pause();
    const batch = Array.from({ length: 1000 }, () => ({ subject, policy: 'mixed' }));
    // What the sockets between them hold is far less than this.
    for (let i = 0; i < 12; i += 1) await daemon.client.batchAdmit(batch);
    stream.resume();
    await until('it is told something', () => told.length > 0);
    await until('it has caught up', async () => {
      await daemon.client.admit({ subject, policy: 'mixed' });
      return told.some(({ missedCount }) => missedCount > 0);
    });
    stream.cancel();

    expect(Math.max(...told.map(({ missedCount }) => missedCount))).toBeGreaterThan(0);
  });

  test('a filter that is none, refused', async () => {
    const stream = admin.watchDecisions({ decision: Decision.UNRECOGNIZED, policy: 'x'.repeat(64) });
    stream.resume();
    const [error] = await once(stream, 'error');

    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});
