import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { audit } from '../../scripts/audit/audit';
import { readRecord } from '../../scripts/audit/read_record';
import { createAdminClient } from '../helpers/admin_client';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd, recordInTheEnd } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const AUDIT = join(__dirname, '../../dist/scripts/audit.js');

const POLICIES = `
services: [vente]
policies:
  connection:
    records: connections
    on_store_failure: local
    raises: { burst: { limit: 6 } }
    limits:
      - { name: burst, algorithm: sliding-window, limit: 3, window: 2s }
      - { name: long, algorithm: sliding-window, limit: 8, window: 10s }
  filling:
    limits: [{ name: only, algorithm: token-bucket, limit: 4, window: 4s }]
`;

const SETTINGS = { toleranceUs: 50_000, lagUs: 1_000 };

function recordFolder(): string {
  return opened.closed(mkdtempSync(join(tmpdir(), 'quota-record-')), (folder) =>
    rmSync(folder, { recursive: true, force: true }),
  );
}

async function start() {
  const folder = recordFolder();
  const redis = await opened.redis();
  const options = { redisUrl: redis.url, policies: POLICIES, env: { QUOTA_RECORD_FOLDER: folder } };
  const daemons = [await opened.daemon(options), await opened.daemon(options)] as const;
  return { folder, redis, daemons };
}

/** Asks for more than there is, of both daemons, and repeats some of it. */
async function work(daemons: readonly TestDaemon[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1)
    await Promise.all(
      daemons.flatMap(({ client }) =>
        ['ada', 'bob'].flatMap((subject) => {
          const admission = { subject, policy: round % 2 === 0 ? 'connection' : 'filling' };
          const repeated = { ...admission, requestId: randomUUID() };
          return [
            admitInTheEnd(client, admission),
            admitInTheEnd(client, repeated).then(() => admitInTheEnd(client, repeated)),
            recordInTheEnd(client, { subject, service: 'vente' }),
          ];
        }),
      ),
    );
}

function violationsIn(folder: string): string[] {
  const { findings } = audit(readRecord(folder), SETTINGS);
  return findings.flatMap(({ violations }) => violations.map(({ check, message }) => `${check}: ${message}`));
}

describe('QUOTA_RECORD_FOLDER', () => {
  test('decisions, resets, overrides and statistics of two daemons are audited without a violation', async () => {
    const { folder, daemons } = await start();
    const admin = opened.closed(createAdminClient(daemons[0].target), (client) => client.close());
    await work(daemons, 20);
    await admin.resetQuota('ada');
    const target = { subject: 'bob', policy: 'connection', limitName: 'burst' };
    await admin.setOverride({ ...target, limit: 1 });
    await work(daemons, 20);
    await admin.clearOverride(target);
    await admin.setOverride({ ...target, limit: 5, expireTime: new Date(Date.now() + 1_000) });
    await admin.raiseLimit({ ...target, subject: 'ada', limit: 6, duration: { seconds: 60, nanos: 0 } });
    await work(daemons, 20);
    await daemons[1].client.stats({ subject: 'ada' });

    const result = audit(readRecord(folder), SETTINGS);
    expect(result.findings.flatMap(({ violations }) => violations)).toEqual([]);
    expect(result.processCount).toBe(2);
    expect(result.requestCount).toBeGreaterThan(600);
  });

  test('an outage that a local rule bridges: what it admits is in the record, and so is its writing', async () => {
    const { folder, redis, daemons } = await start();
    const request = { subject: 'eve', policy: 'connection', requestId: randomUUID() };
    await work(daemons, 4);
    await redis.kill();
    await until('a local decision', async () => {
      return (await admitInTheEnd(daemons[0].client, request)).degraded;
    });
    await daemons[0].client.refund(request);
    await redis.start();
    await until('the writing', () => readFolder(folder).includes('"isRestored":true'));
    await work(daemons, 4);

    expect(violationsIn(folder)).toEqual([]);
    expect(readFolder(folder)).toMatch(/"admitted":true.*"degraded":true/);
    expect(readFolder(folder)).toMatch(/"isRefunded":true.*"degraded":true/);
  });

  test('a daemon that is killed has the last answer that a client got in its record', async () => {
    const { folder, daemons } = await start();
    const [daemon] = daemons;
    const requestId = randomUUID();
    await daemon.client.admit({ subject: 'ada', policy: 'connection', requestId });
    const exited = once(daemon.process, 'exit');
    daemon.process.kill('SIGKILL');
    await exited;

    const lines = readFolder(folder).trim().split('\n');
    const sent = lines.map((line) => JSON.parse(line)).find(({ id }) => id === requestId);
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ daemon: sent?.daemon, kind: 'answered', of: sent?.seq, admitted: true }),
    );
  });

  test('npm run audit: exits with 0 for an honest record, 1 for one in which a denial was turned', async () => {
    const { folder, daemons } = await start();
    await work(daemons, 6);
    await pause(10);
    const honest = spawnSync(process.execPath, [AUDIT, folder], { encoding: 'utf8' });
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"admitted":false', '"admitted":true'));
    }
    const turned = spawnSync(process.execPath, [AUDIT, folder], { encoding: 'utf8' });

    expect([honest.status, turned.status]).toEqual([0, 1]);
    expect(honest.stdout).toContain('requests of 2 processes; 0 without an answer');
    expect(turned.stdout).toMatch(
      /✗ windows: .* violations\n +daemon-.*:\d+: \d+ taken of 3 in a window of burst/,
    );
  });

  test('a folder that cannot be written: the daemon does not start, and names it', async () => {
    const file = join(recordFolder(), 'file');
    writeFileSync(file, '');
    const { url: redisUrl, prefix } = opened.space();

    await expect(opened.daemon({ redisUrl, prefix, env: { QUOTA_RECORD_FOLDER: file } })).rejects.toThrow(
      `quota-daemon: QUOTA_RECORD_FOLDER ${file} cannot be written: EEXIST`,
    );
  });
});

function readFolder(folder: string): string {
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}
