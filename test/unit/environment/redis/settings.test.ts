import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../../daemon/config';
import { ConfigInvalid } from '../../../../environment/config_invalid';
import { createAuthority } from '../../../helpers/certificates';

const ENCRYPTED = 'rediss://127.0.0.1:6379/0';
const SENTINEL = 'redis+sentinel://10.0.0.1,10.0.0.2/quota/0';

let folder: string;
let files: { ca: string; certificate: string; key: string };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'redis-settings-'));
  const authority = await createAuthority('redis');
  const issued = await authority.issue({ commonName: 'daemon' });
  files = {
    ca: fileWith('ca.pem', authority.certificate),
    certificate: fileWith('daemon.pem', issued.certificate),
    key: fileWith('daemon.key', issued.key),
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(name: string, content: Buffer | string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.faults;
    throw error;
  }
}

describe('how connections to Redis are secured', () => {
  test('an authority and a client certificate are accepted', () => {
    const env = { REDIS_TLS_CA: files.ca, REDIS_TLS_CERT: files.certificate, REDIS_TLS_KEY: files.key };

    expect(readConfig({ REDIS_URL: ENCRYPTED, ...env }).redisSecurity).toEqual({
      tls: {
        authorityFile: files.ca,
        identity: { certificateFile: files.certificate, keyFile: files.key },
      },
      sentinelPassword: undefined,
    });
  });

  test("the Sentinels' own password comes from a file, beside that of the servers", () => {
    const env = {
      REDIS_URL: SENTINEL,
      REDIS_PASSWORD: 'w@rd',
      REDIS_SENTINEL_PASSWORD_FILE: fileWith('sentinel', 'own\n'),
    };

    expect(readConfig(env)).toMatchObject({
      redisUrl: 'redis+sentinel://:w%40rd@10.0.0.1,10.0.0.2/quota/0',
      redisCallsUrl: 'redis+sentinel://:w%40rd@10.0.0.1,10.0.0.2/quota/1',
      redisSecurity: { sentinelPassword: 'own' },
    });
  });

  test('everything that is wrong is listed at once', () => {
    const env = {
      REDIS_URL: 'redis+sentinel://:s3cret@10.0.0.1',
      REDIS_CALLS_URL: 'redis://:one@10.0.0.1/1',
      REDIS_SENTINEL_PASSWORD: 'own',
      REDIS_TLS_CA: files.ca,
    };

    expect(faultsOf(env)).toEqual([
      expect.stringMatching(/^REDIS_URL must be a URL such as redis\+sentinel:.*, or memory: without Redis$/),
      'REDIS_TLS_CA is set, and no URL of Redis is encrypted: use rediss: in place of redis:',
      'REDIS_SENTINEL_PASSWORD is set, and no URL of Redis names Sentinels',
    ]);
    expect(faultsOf(env).join()).not.toContain('s3cret');
  });

  test('a Cluster, of 300 partitions unless another number is given, with the calls beside', () => {
    const REDIS_URL = 'redis+cluster://10.0.0.1,10.0.0.2';

    expect(readConfig({ REDIS_URL })).toMatchObject({ partitions: 300, redisCallsUrl: REDIS_URL });
    expect(readConfig({ REDIS_URL, QUOTA_PARTITIONS: '12' }).partitions).toBe(12);
    expect(faultsOf({ REDIS_URL, QUOTA_DURABLE_CALLS: '1' })).toEqual([
      'QUOTA_DURABLE_CALLS must be 0, as the calls are in a Cluster, where no answer waits for the disk',
    ]);
    expect(faultsOf({ REDIS_URL: `${REDIS_URL}/1` })).toEqual([
      expect.stringMatching(/^REDIS_URL must be a URL such as redis\+cluster:/),
    ]);
  });

  test.each([
    ['REDIS_TLS_CERT', 'REDIS_TLS_KEY'],
    ['REDIS_TLS_KEY', 'REDIS_TLS_CERT'],
  ])('%s without %s is rejected', (given, missing) => {
    expect(faultsOf({ REDIS_URL: ENCRYPTED, [given]: files.certificate })).toEqual([
      `${missing} is required beside ${given}`,
    ]);
  });

  test('a file that is missing, and a key of another certificate are rejected by their names', () => {
    const missing = join(folder, 'missing.pem');

    expect(faultsOf({ REDIS_URL: ENCRYPTED, REDIS_TLS_CA: missing })).toEqual([
      `REDIS_TLS_CA and the like: ${missing} cannot be read: ENOENT`,
    ]);
    const pair = { REDIS_TLS_CERT: files.ca, REDIS_TLS_KEY: files.key };
    expect(faultsOf({ REDIS_URL: ENCRYPTED, ...pair })).toEqual([
      `REDIS_TLS_CA and the like: ${files.key} is not the key of ${files.ca}`,
    ]);
  });
});
