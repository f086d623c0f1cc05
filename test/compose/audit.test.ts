import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createAdminClient } from '../helpers/admin_client';
import { TARGET } from './client';
import { compose, inside, secret } from './docker';

test('what an operator changed is known after the daemon was replaced, with who it was', async () => {
  const subject = randomUUID();
  const admin = createAdminClient(TARGET, { token: secret('operator_token') });
  await admin.resetQuota(subject, 'connection');
  admin.close();
  await compose('up', '--wait', '--force-recreate', 'daemon');

  const { text } = await inside('daemon', 'cat', '/var/log/etuservices/audit.log');
  const lines = text
    .trim()
    .split('\n')
    .filter((line) => line.includes(subject));

  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { by: 'operator', method: 'quota.v1.QuotaAdminService/ResetQuota', request: { subject }, code: 'OK' },
  ]);
});
