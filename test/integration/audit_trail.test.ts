import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createAdminClient } from '../helpers/admin_client';
import { startDaemon } from '../helpers/daemon';
import { failureOf } from '../helpers/quota_client';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

let space: RedisSpace;
let folder: string;
beforeEach(() => {
  space = openRedisSpace();
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await space.close();
});

const file = () => join(folder, 'audit.log');
const entries = () =>
  readFileSync(file(), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A daemon with an operator who resets one subject and asks for one that is none. */
async function changeOnce(subject: string): Promise<void> {
  const env = { QUOTA_AUDIT_FILE: file() };
  const daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix, env });
  const admin = createAdminClient(daemon.target);
  await admin.getQuota(subject, 'connection');
  await admin.resetQuota(subject, 'connection');
  await failureOf(admin.resetQuota('', 'connection'));
  admin.close();
  await daemon.stop();
}

describe('QUOTA_AUDIT_FILE', () => {
  test('changes are shown with who, what and how each ended; what is only read is left out', async () => {
    const subject = randomUUID();
    await changeOnce(subject);

    expect(entries()).toMatchObject([
      {
        by: expect.stringMatching(/^anonymous@127\.0\.0\.1/),
        method: 'quota.v1.QuotaAdminService/ResetQuota',
        request: { subject, policy: 'connection' },
        code: 'OK',
        callId: expect.any(String),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
      { code: 'INVALID_ARGUMENT', request: { subject: '' } },
    ]);
  });

  test('a daemon that starts again is added to what is there', async () => {
    await changeOnce(randomUUID());
    await changeOnce(randomUUID());

    expect(entries()).toHaveLength(4);
  });

  test('a file that cannot be written, no start, and why', async () => {
    const env = { QUOTA_AUDIT_FILE: join(folder, 'none', 'audit.log') };
    const start = startDaemon({ redisUrl: space.url, prefix: space.prefix, env });

    await expect(start).rejects.toThrow(/QUOTA_AUDIT_FILE .* cannot be written: ENOENT/);
  });
});

describe('ListAudit', () => {
  test.each(['0-0', '00-0', 'nonsense', '1-'])(
    'the page token %s is INVALID_ARGUMENT that names it',
    async (pageToken) => {
      const daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix });
      const admin = createAdminClient(daemon.target);
      const failure = await failureOf(admin.listAudit({ pageToken }));
      admin.close();
      await daemon.stop();

      expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ['page_token'] });
    },
  );
});
