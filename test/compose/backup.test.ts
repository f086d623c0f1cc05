import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { QuotaClient } from '../helpers/quota_client';
import { addStudent } from './accounts';
import { callCount, operatorClient } from './client';
import { logIn } from './logins';

const run = promisify(execFile);

const SCRIPTS = join(__dirname, '../../deploy');

let folder: string;
let clients: QuotaClient[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'etu-backup-'));
  clients = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const client of clients) client.close();
});

function newClient(): QuotaClient {
  const client = operatorClient();
  clients.push(client);
  return client;
}

describe('backup.sh and restore.sh', () => {
  test('a stack put back, as it was at the backup: counts, quotas, request ids and accounts', async () => {
    const before = newClient();
    const subject = randomUUID();
    const requestId = randomUUID();
    const early = await addStudent();
    await before.recordCall({ subject, service: 'vente', requestId });
    await before.admit({ subject, policy: 'connection' });
    const count = await callCount(before, 'vente');
    await run(join(SCRIPTS, 'backup.sh'), [folder]);
    const late = await addStudent();
    await before.recordCall({ subject, service: 'vente', requestId: randomUUID() });

    await run(join(SCRIPTS, 'restore.sh'), [folder]);

    const after = newClient();
    const { limits } = await after.admit({ subject, policy: 'connection' });
    const logins = [early, late].map((email) => logIn(email));
    expect(await callCount(after, 'vente')).toBe(count);
    expect(await after.recordCall({ subject, service: 'vente', requestId })).toBe(false);
    expect(limits[0]?.remaining).toBe(8);
    expect((await Promise.all(logins)).map(({ status }) => status)).toEqual([303, 401]);
  });
});
