import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parseIdentities } from '../../daemon/access/identities';
import { tokenDigest } from '../../daemon/access/tokens';

const run = promisify(execFile);
const SCRIPT = join(__dirname, '../../dist/scripts/token_new.js');

describe('npm run token:new', () => {
  test.each(['caller', 'site', 'operator'])(
    'a name and the role %s give a token and the lines that the access file takes for it',
    async (role) => {
      const { stdout } = await run(process.execPath, [SCRIPT, '--name', 'web', '--role', role]);
      const [token = ''] = /quota_[\w-]{43}/.exec(stdout) ?? [];
      const lines = stdout.slice(stdout.indexOf('  - name'));

      expect(parseIdentities(`identities:\n${lines}`)).toEqual([
        { name: 'web', role, tokenDigests: [tokenDigest(token)], certificateNames: [] },
      ]);
    },
  );

  test.each([
    [[], '--name: is required\n--role: is required\n'],
    [['--name', 'a b', '--role', 'boss'], '--name: must be letters, '],
    [['--name', 'web', '--rule', 'caller'], "Unknown option '--rule'"],
  ])('%j exits with 1 and says why, with no token', async (args, complaint) => {
    const ended = await run(process.execPath, [SCRIPT, ...args]).catch((error) => error);

    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(complaint) });
    expect(ended.stderr).toContain('Usage: npm run token:new');
  });
});
