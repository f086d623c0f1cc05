import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseIdentities } from '../../../../daemon/access/identities';
import { tokenDigest } from '../../../../daemon/access/tokens';

const SCRIPT = join(__dirname, '../../../../scripts/compose/secrets.sh');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quota-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const accessFile = () => join(folder, 'access', 'access.yaml');
const readAccess = () => readFileSync(accessFile(), 'utf8');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

function makeSecrets(): string {
  const { status, stdout, stderr } = spawnSync('sh', [SCRIPT, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe('scripts/compose/secrets.sh', () => {
  test('an empty folder, an access file that the daemon takes, with a role for each token', () => {
    makeSecrets();

    expect(parseIdentities(readAccess())).toEqual([
      { name: 'web', role: 'site', tokenDigests: [tokenDigest(read('web_token'))], certificateNames: [] },
      {
        name: 'operator',
        role: 'operator',
        tokenDigests: [tokenDigest(read('operator_token'))],
        certificateNames: [],
      },
    ]);
  });

  test('run again, nothing changed', () => {
    makeSecrets();
    const before = [readAccess(), read('web_token')];
    const said = makeSecrets();

    expect([readAccess(), read('web_token')]).toEqual(before);
    expect(said).not.toContain('role');
  });

  test('a folder of an earlier version, the web tier gets its role and nobody else another', () => {
    makeSecrets();
    const today = readAccess();
    const more = `  - name: billing\n    role: caller\n    token_sha256: ${'ab'.repeat(32)}\n`;
    writeFileSync(accessFile(), today.replace('role: site', 'role: caller') + more);
    const said = makeSecrets();

    expect(readAccess()).toBe(today + more);
    expect(said).toContain('The web tier has the role site now');
  });
});
