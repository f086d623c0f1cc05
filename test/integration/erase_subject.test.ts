import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSubjectHash } from '../../daemon/telemetry/subject_hash';
import { Decision } from '../../gen/quota/v1/quota_service';
import { type AdminClient, createAdminClient } from '../helpers/admin_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { createQuotaClient, failureOf, type QuotaClient } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { until } from '../helpers/wait';

const SECRET = 'a secret of sixteen or more';
const hashOf = createSubjectHash(SECRET);

let folder: string;
let space: RedisSpace;
let daemon: TestDaemon;
let client: QuotaClient;
let admin: AdminClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'erase-'));
  space = openRedisSpace();
  daemon = await startDaemon({
    redisUrl: space.url,
    prefix: space.prefix,
    env: { QUOTA_LOG_SECRET: SECRET, QUOTA_AUDIT_FILE: join(folder, 'audit.log') },
  });
  client = createQuotaClient(daemon.target);
  admin = createAdminClient(daemon.target);
});
afterAll(async () => {
  client.close();
  admin.close();
  await daemon.stop();
  await space.close();
  rmSync(folder, { recursive: true, force: true });
});

async function erase(subject: string): Promise<string> {
  const { erasureId } = await admin.eraseSubject(subject);
  await until(
    'the end of the erasure',
    async () => (await admin.getErasure(erasureId)).endTime !== undefined,
  );
  return erasureId;
}

describe('EraseSubject', () => {
  test('a subject is forgotten at once, and to the end in the background', async () => {
    const subject = randomUUID();
    await client.admit({ subject, policy: 'connection' });
    await client.recordCall({ subject, service: 'vente' });

    const begun = await admin.eraseSubject(subject);
    const quota = await admin.getQuota(subject, 'connection');
    await erase(subject);

    expect(begun).toMatchObject({
      subjectHash: hashOf(subject),
      endTime: undefined,
      startTime: expect.any(Date),
    });
    expect(quota.quotas[0]?.limits[0]).toMatchObject({ remaining: 10 });
    expect((await client.stats({ subject })).subjectUsage).toMatchObject({
      connectionCount: 0,
      callCount: 0,
    });
  });

  test('a subject that was denied a moment ago is admitted once the erasure has begun', async () => {
    const subject = randomUUID();
    const admit = () => client.admit({ subject, policy: 'connection' });
    for (let call = 0; call < 10; call += 1) await admit();
    const denied = await Promise.all([admit(), admit()]);
    await admin.eraseSubject(subject);

    expect(denied.map(({ decision }) => decision)).toEqual([Decision.DENIED, Decision.DENIED]);
    expect(await admit()).toMatchObject({ decision: Decision.ADMITTED, limits: [{ remaining: 9 }] });
  });

  test('its traces in the log, the file and the trail in the store have the hash and never the name', async () => {
    const subject = randomUUID();
    await erase(subject);

    const [latest] = (await admin.listAudit({ pageSize: 1 })).entries;
    expect(latest).toMatchObject({
      method: 'quota.v1.QuotaAdminService/EraseSubject',
      subjectHash: hashOf(subject),
      by: expect.stringMatching(/^anonymous@/),
      code: 'OK',
      fields: {},
      callId: expect.stringMatching(/./),
      time: expect.any(Date),
    });
    const file = readFileSync(join(folder, 'audit.log'), 'utf8');
    expect(file).toContain(hashOf(subject));
    expect(file + JSON.stringify(daemon.log)).not.toContain(subject);
  });

  test.each([
    ['no subject', () => admin.eraseSubject(''), status.INVALID_ARGUMENT],
    ['no id', () => admin.getErasure(''), status.INVALID_ARGUMENT],
    ['an unknown id', () => admin.getErasure(`0.${randomUUID()}`), status.NOT_FOUND],
    ['an id of a partition that is not there', () => admin.getErasure(`9.${randomUUID()}`), status.NOT_FOUND],
  ])('%s is rejected', async (_, call, code) => {
    expect(await failureOf(call())).toMatchObject({ code });
  });
});

describe('ListAudit', () => {
  test('changes are listed latest first, page by page, with what was asked for and how it ended', async () => {
    const subject = randomUUID();
    const target = { subject, policy: 'connection', limitName: 'per-window' };
    await admin.resetQuota(subject);
    await admin.setOverride({ ...target, limit: 3, expireTime: new Date('2100-01-01T00:00:00Z') });
    await failureOf(admin.clearOverride({ ...target, policy: '' }));
    await admin.getQuota(subject);

    const first = await admin.listAudit({ pageSize: 2 });
    const second = await admin.listAudit({ pageSize: 1, pageToken: first.nextPageToken });

    const name = (method: string) => `quota.v1.QuotaAdminService/${method}`;
    expect([...first.entries, ...second.entries]).toMatchObject([
      {
        method: name('ClearOverride'),
        code: 'INVALID_ARGUMENT',
        subjectHash: hashOf(subject),
        fields: { limitName: 'per-window' },
      },
      {
        method: name('SetOverride'),
        code: 'OK',
        fields: {
          policy: 'connection',
          limitName: 'per-window',
          limit: '3',
          expireTime: '2100-01-01T00:00:00.000Z',
        },
      },
      { method: name('ResetQuota'), code: 'OK', fields: {} },
    ]);
    expect(JSON.stringify(first)).not.toContain(subject);
  });

  test('a last page has no token; a token that it did not return is rejected', async () => {
    await admin.resetQuota(randomUUID());

    expect((await admin.listAudit({ pageSize: 1000 })).nextPageToken).toBe('');
    expect(await failureOf(admin.listAudit({ pageToken: 'x' }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    expect(await failureOf(admin.listAudit({ pageSize: 1001 }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });
});
