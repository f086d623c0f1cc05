import { type ExecFileException, execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createFolder } from '../helpers/access';
import { closedAfterEach } from '../helpers/opened';

const run = promisify(execFile);

const SCRIPT = join(__dirname, '../../dist/scripts/policies_check.js');

const opened = closedAfterEach();

/** What an operator sees who checks a file. */
async function check(text: string): Promise<{ file: string; output: string; code: number }> {
  const folder = opened.closed(createFolder(), (made) => made.remove());
  const file = folder.write('policies.yaml', text);
  try {
    const { stdout } = await run(process.execPath, [SCRIPT, file]);
    return { file, output: stdout, code: 0 };
  } catch (error) {
    const { stdout = '', code } = error as ExecFileException & { stdout?: string };
    return { file, output: stdout, code: Number(code) };
  }
}

describe('policies:check', () => {
  test('a call that could take Redis too long and too many ids is rejected with both calculations', async () => {
    const { file, output, code } = await check(`
policies:
  heavy:
    limits:
      - { name: one, algorithm: sliding-window, limit: 1000, window: 10m }
      - { name: two, algorithm: sliding-window, limit: 1000, window: 10m, shadow: true }
  busy:
    remember: 1h
    limits:
      - { name: fast, algorithm: token-bucket, limit: 1000, window: 1s }
`);

    expect(code).toBe(1);
    expect(output).toContain(
      `${file}:3: policies.heavy: one call could take Redis 2430 µs, and 2000 µs is the most: 20 µs, 5 µs for each of 2 limits, and 1.2 µs for each token that 2 limits keep`,
    );
    expect(output).toContain(
      `${file}:7: policies.busy: up to 3601000 request ids of one subject would be kept for 1h, and 100000 is the most`,
    );
  });

  test('a file within the bounds is valid, and what each policy may cost Redis is calculated', async () => {
    const { output, code } = await check(`
policies:
  login:
    limits:
      - { name: one, algorithm: sliding-window, limit: 1000, window: 10m }
  tried:
    limits:
      - { name: watched, algorithm: token-bucket, limit: 5, window: 10m, shadow: true }
  forgetful:
    remember: none
    limits:
      - { name: burst, algorithm: token-bucket, limit: 5, window: 10m }
`);

    expect(code).toBe(0);
    expect(output.trim().split('\n')).toEqual([
      expect.stringContaining('3 policies, 0 services: valid'),
      '  login: at most 2000 request ids of a subject, kept for 10m; one call takes Redis at most 1225 µs (calculated)',
      '  tried: at most 100000 request ids of a subject, kept for 10m (no limit counts them; the oldest go first); one call takes Redis at most 25 µs (calculated)',
      '  forgetful: no request ids are kept; one call takes Redis at most 25 µs (calculated)',
    ]);
  });
});
