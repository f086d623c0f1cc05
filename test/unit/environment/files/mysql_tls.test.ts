import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mysqlAuthorityFault, withMysqlAuthority } from '../../../../environment/files/mysql_tls';

const URL_WITHOUT = 'mysql://site:secret@mysql:3306/etuservices';
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mysql-tls-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string): string {
  const file = join(folder, 'ca.pem');
  writeFileSync(file, text);
  return file;
}

describe('the authority of MySQL', () => {
  test('without a file, the URL is as it is', () => {
    expect(withMysqlAuthority(URL_WITHOUT, undefined)).toBe(URL_WITHOUT);
    expect(mysqlAuthorityFault(undefined)).toBeUndefined();
  });

  test('a file gives the parameter by which the driver encrypts and checks the name', () => {
    const url = new URL(withMysqlAuthority(URL_WITHOUT, fileWith(CERTIFICATE)));
    const ssl: unknown = JSON.parse(url.searchParams.get('ssl') ?? '');
    url.search = '';

    expect(url.href).toBe(URL_WITHOUT);
    expect(ssl).toEqual({ ca: CERTIFICATE, verifyIdentity: true });
  });

  test('a file that is missing or holds something else is a fault that says so', () => {
    expect(mysqlAuthorityFault(join(folder, 'none.pem'))).toBe('cannot be read: ENOENT');
    expect(mysqlAuthorityFault(fileWith('a key'))).toBe('holds no certificate');
  });
});
