import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig as readDaemonConfig } from '../../../../daemon/config';
import { ConfigInvalid } from '../../../../environment/config_invalid';
import { readEnvironment, withPassword } from '../../../../environment/files/settings';
import { readConfig as readWebConfig } from '../../../../web/config';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('readEnvironment', () => {
  test('a variable from a file has no end of its line', () => {
    const file = fileWith('secret', 'a secret\n');

    expect(readEnvironment({ SECRET_FILE: file }, ['SECRET'])).toEqual({
      values: { SECRET_FILE: file, SECRET: 'a secret' },
      faults: [],
    });
  });

  test('a variable both ways is a fault that names both', () => {
    const env = { SECRET: 'x', SECRET_FILE: fileWith('other', 'y') };

    expect(readEnvironment(env, ['SECRET']).faults).toEqual([
      { variable: 'SECRET', problem: 'and SECRET_FILE are both set' },
    ]);
  });

  test('a file that is missing, and one that is empty, are a fault each', () => {
    const env = { ONE_FILE: join(folder, 'missing'), TWO_FILE: fileWith('empty', '\n') };

    expect(readEnvironment(env, ['ONE', 'TWO']).faults).toEqual([
      { variable: 'ONE_FILE', problem: 'cannot be read: ENOENT' },
      { variable: 'TWO_FILE', problem: 'names an empty file' },
    ]);
  });

  test('a variable that is set to nothing is unset, and no obstacle to its file', () => {
    const file = fileWith('third', 'z');

    expect(readEnvironment({ SECRET: '', SECRET_FILE: file }, ['SECRET'])).toMatchObject({
      values: { SECRET: 'z' },
      faults: [],
    });
  });

  test('a setting that is the name of a file itself is left as it is', () => {
    const env = { TOKEN_FILE: '/nowhere' };

    expect(readEnvironment(env, ['TOKEN', 'TOKEN_FILE'])).toEqual({ values: env, faults: [] });
  });
});

describe('withPassword', () => {
  test('a password with the signs of a URL is read back as it was', () => {
    const url = withPassword('redis://127.0.0.1:6379/0', 'a:b@c/d%e');

    expect(decodeURIComponent(new URL(url).password)).toBe('a:b@c/d%e');
  });

  test('a password for a URL of several hosts, put before them', () => {
    expect(withPassword('redis+sentinel://user@a:1,b:2/quota', 'w@rd')).toBe(
      'redis+sentinel://user:w%40rd@a:1,b:2/quota',
    );
  });

  test('a URL that has one is kept', () => {
    expect(withPassword('redis://:own@127.0.0.1:6379', 'other')).toBe('redis://:own@127.0.0.1:6379');
  });
});

describe('the programs', () => {
  test('the daemon has the password of a file in both of its URLs', () => {
    const env = { REDIS_URL: 'redis://redis:6379/0', REDIS_PASSWORD_FILE: fileWith('redis', 'word') };

    expect(readDaemonConfig(env)).toMatchObject({
      redisUrl: 'redis://:word@redis:6379/0',
      redisCallsUrl: 'redis://:word@redis:6379/1',
    });
  });

  test('the daemon has a fault that names both and shows neither for a password in two places', () => {
    const env = { REDIS_URL: 'redis://:one@redis:6379/0', REDIS_PASSWORD: 'two' };

    expect(() => readDaemonConfig(env)).toThrow(
      new ConfigInvalid(['REDIS_PASSWORD is set, and REDIS_URL holds a password too']),
    );
  });

  test('the web tier reads its secrets from files', () => {
    const secret = 'x'.repeat(32);
    const env = {
      NODE_ENV: 'production',
      MYSQL_URL: 'mysql://etuservices@mysql:3306/etuservices',
      MYSQL_PASSWORD_FILE: fileWith('mysql', 'word'),
      SESSION_SECRET_FILE: fileWith('session', secret),
    };

    expect(readWebConfig(env)).toMatchObject({
      mysqlUrl: 'mysql://etuservices:word@mysql:3306/etuservices',
      sessionSecret: secret,
      sessionSecretIsTemporary: false,
    });
  });

  test('the web tier rejects a secret both ways with both names', () => {
    const env = { SESSION_SECRET: 'x'.repeat(32), SESSION_SECRET_FILE: fileWith('session', 'y'.repeat(32)) };

    expect(() => readWebConfig(env)).toThrow(/SESSION_SECRET: and SESSION_SECRET_FILE are both set/);
  });
});
