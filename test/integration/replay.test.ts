import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();
const run = promisify(execFile);
const SCRIPT = join(__dirname, '../../dist/scripts/policies_replay.js');

/** The output of `npm run policies:replay` for a candidate whose connections have that limit. */
async function replayAgainst(limit: number, env: Record<string, string>): Promise<string> {
  const directory = opened.closed(mkdtempSync(join(tmpdir(), 'quota-replay-')), (path) => {
    rmSync(path, { recursive: true });
  });
  const file = join(directory, 'candidate.yaml');
  const bucket = `{ name: per-window, algorithm: sliding-window, limit: ${limit}, window: 10m }`;
  writeFileSync(file, `policies: { connection: { limits: [${bucket}] } }\n`);
  const { stdout } = await run(process.execPath, [SCRIPT, file], { env: { PATH: process.env.PATH, ...env } });
  return stdout.replaceAll(file, 'candidate.yaml');
}

describe('policies:replay', () => {
  test('what was decided is replayed against a tighter and a wider file', async () => {
    const space = opened.space();
    // Several partitions, so that the log is read from each of them.
    const env = { REDIS_URL: space.url, QUOTA_KEY_PREFIX: space.prefix, QUOTA_PARTITIONS: '3' };
    const daemon = await opened.daemon({ redisUrl: space.url, prefix: space.prefix, env });
    for (let i = 0; i < 12; i += 1) await daemon.client.admit({ subject: 'ada', policy: 'connection' });
    await daemon.client.admit({ subject: 'bob', policy: 'connection', cost: 4 });
    await daemon.client.admit({ subject: 'bob', policy: 'service-call' });
    // What this daemon has denied is in the store before it answers.
    await daemon.client.stats({ hourCount: 1 });

    // Denials are added to the log within a second.
    let tighter = '';
    await until('the denials are in the log', async () => {
      tighter = await replayAgainst(3, env);
      return tighter.includes(' 2 denied');
    });
    const wider = await replayAgainst(11, env);

    expect(tighter).toMatch(/^Replayed 14 requests, .* against candidate.yaml\.\n/);
    expect(tighter).toContain('denials are a sample');
    expect(tighter).toContain('connection: 13 requests, 2 denied, 10 would be denied\n');
    expect(tighter).toContain('  newly denied: 8 requests of 2 subjects: ada (7), bob (1)\n');
    expect(tighter).toContain('service-call: 1 request, and no such policy in the file\n');
    expect(wider).toContain('connection: 13 requests, 2 denied, 1 would be denied\n');
    expect(wider).toContain('  newly admitted: 1 request of 1 subject: ada (1)\n');
  });

  test('says so if nothing is kept', async () => {
    const space = opened.space();
    const env = { REDIS_URL: space.url, QUOTA_KEY_PREFIX: space.prefix };
    await opened.daemon({ redisUrl: space.url, prefix: space.prefix });

    expect(await replayAgainst(3, env)).toBe('No decision was kept in that time: nothing to replay.\n');
  });
});
