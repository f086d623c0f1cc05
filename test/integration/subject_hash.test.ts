import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const SCRIPT = join(__dirname, '../../dist/scripts/subject_hash.js');
const SECRET = 'a secret of the tests';

function hash(subjects: string[], env: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...subjects], {
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('npm run subject:hash', () => {
  test('a subject has the hash that the log of a daemon with the same secret shows', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix, env: { QUOTA_LOG_SECRET: SECRET } });
    const subject = randomUUID();
    await daemon.client.batchAdmit([{ subject, policy: 'connection', cost: 11 }]);
    const denied = () => daemon.log.find(({ msg }) => msg === 'denied');
    await until('the denial', () => denied() !== undefined);

    const { status, stdout } = hash([subject], { QUOTA_LOG_SECRET: SECRET });

    expect([status, stdout]).toEqual([0, `${denied()?.subjectHash}  ${subject}\n`]);
    expect(JSON.stringify(daemon.log)).not.toContain(subject);
    expect(daemon.log.map(({ msg }) => msg).join()).not.toContain('QUOTA_LOG_SECRET');
  });

  test('a daemon without a secret says so once', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix });

    expect(daemon.log.filter(({ msg }) => msg.startsWith('QUOTA_LOG_SECRET is not set'))).toHaveLength(1);
  });

  test('says why without the secret or without a subject', () => {
    expect(hash(['42'], {})).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('QUOTA_LOG_SECRET is not set here'),
    });
    expect(hash([], { QUOTA_LOG_SECRET: SECRET })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Usage'),
    });
  });
});
