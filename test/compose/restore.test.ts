import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { addStudent } from './accounts';
import { compose, inside } from './docker';
import { logIn } from './logins';

const run = promisify(execFile);

const SCRIPTS = join(__dirname, '../../deploy');

let whole: string;
let folder: string;
/** Made after the copy, so that it is there only if nothing was restored. */
let late: string;
beforeAll(async () => {
  whole = mkdtempSync(join(tmpdir(), 'etu-backup-'));
  await run(join(SCRIPTS, 'backup.sh'), [whole]);
  late = await addStudent();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'etu-backup-'));
  cpSync(whole, folder, { recursive: true });
});
afterAll(() => rmSync(whole, { recursive: true, force: true }));

/** Restores from the folder, which is then removed: what the script said, and whether it succeeded. */
async function restore(): Promise<{ succeeded: boolean; said: string }> {
  try {
    const { stderr } = await run(join(SCRIPTS, 'restore.sh'), [folder]);
    return { succeeded: true, said: stderr };
  } catch (error) {
    return { succeeded: false, said: String((error as { stderr: string }).stderr) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function mysql(statement: string): Promise<string> {
  const client = 'MYSQL_PWD=$(cat /run/secrets/mysql_root_password) mysql -u root -N -e "$0"';
  return (await inside('mysql', 'sh', '-c', client, statement)).text.trim();
}

async function redis(...command: string[]): Promise<string> {
  const client = 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli "$@"';
  return (await inside('redis', 'sh', '-c', client, 'sh', ...command)).text.trim();
}

const startTimes = async () => {
  const { stdout } = await run('sh', [
    '-c',
    "docker inspect -f '{{.State.StartedAt}}' $(docker compose ps -q web daemon redis mysql)",
  ]);
  return stdout;
};

const statusOfLate = async () => (await logIn(late)).status;
const edit = (file: string, change: (text: string) => string) =>
  writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')));
const withoutManifest = () => rmSync(join(folder, 'manifest.txt'));

describe('the manifest of a copy', () => {
  test('the manifest says when each half was taken, how far apart, and what they hold', async () => {
    const lines = readFileSync(join(whole, 'manifest.txt'), 'utf8').trim().split('\n');
    const manifest = Object.fromEntries(lines.map((line) => line.split(': ')));
    const apart = Math.abs(Date.parse(manifest.redis_taken) - Date.parse(manifest.mysql_taken)) / 1000;

    expect(Number(manifest.apart_seconds)).toBe(apart);
    expect(Number(manifest.mysql_tables)).toBe(
      Number(
        await mysql("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'etuservices'"),
      ),
    );
    expect(Number(manifest.mysql_rows)).toBeGreaterThan(0);
    expect(Number(manifest.redis_keys)).toBeGreaterThan(0);
  });
});

describe('restore.sh, if a copy cannot be used', () => {
  test.each(['redis.rdb', 'mysql.sql'])(
    '%s that is cut off is rejected before anything stops',
    async (file) => {
      const before = await startTimes();
      truncateSync(join(folder, file), readFileSync(join(folder, file)).length - 40);
      const withManifest = restore();

      expect(await withManifest).toMatchObject({ succeeded: false });
      expect(await startTimes()).toBe(before);
      expect(await statusOfLate()).toBe(303);
    },
  );

  test('a redis.rdb that is cut off is rejected even without a manifest', async () => {
    const before = await startTimes();
    truncateSync(join(folder, 'redis.rdb'), readFileSync(join(folder, 'redis.rdb')).length - 4);
    withoutManifest();
    const { succeeded, said } = await restore();

    expect([succeeded, await startTimes(), await statusOfLate()]).toEqual([false, before, 303]);
    expect(said).toContain('redis.rdb is cut off or damaged');
  });

  test('a statement that MySQL rejects leaves the site untouched', async () => {
    const before = await startTimes();
    edit('mysql.sql', (text) => text.replace('INSERT INTO `migrations`', 'INSERT INTO `elsewhere`'));
    withoutManifest();
    const { succeeded, said } = await restore();

    expect([succeeded, await startTimes(), await statusOfLate()]).toEqual([false, before, 303]);
    expect(said).toContain('mysql.sql cannot be loaded');
  });

  test('a row that is missing is counted', async () => {
    edit('mysql.sql', (text) =>
      text.replace(/^INSERT INTO `migrations`.*\n/m, '').replace(/^-- Dump completed.*\n$/m, '$&'),
    );
    edit('manifest.txt', (text) => text.replace(/^mysql_sha256: .*\n/m, ''));
    const { succeeded, said } = await restore();

    expect([succeeded, await statusOfLate()]).toEqual([false, 303]);
    expect(said).toMatch(/mysql\.sql has \d+ rows, and \d+ were loaded/);
  });

  test('after a copy that the daemon rejects, the old data is back in place', async () => {
    const partitions = await redis('GET', 'partitions');
    const subject = randomUUID();
    await redis('SET', `quota:{0}:kept:${subject}`, '1');
    // A number that no daemon of this stack is configured with.
    await redis('SET', 'partitions', '9');
    rmSync(folder, { recursive: true, force: true });
    await run(join(SCRIPTS, 'backup.sh'), [folder]);
    await redis('SET', 'partitions', partitions);
    const { succeeded, said } = await restore();

    expect(succeeded).toBe(false);
    expect(said).toContain('the old data is in place');
    expect(await redis('GET', 'partitions')).toBe(partitions);
    expect(await redis('GET', `quota:{0}:kept:${subject}`)).toBe('1');
    expect(await statusOfLate()).toBe(303);
  });
});

describe('restore.sh, if it was cut off', () => {
  test('between its two moves, Redis starts with the old data', async () => {
    await redis('SET', 'quota:{0}:between', '1');
    await compose('stop', 'redis');
    const move = 'mkdir -p /data/before; mv /data/appendonlydir /data/before/';
    await compose('run', '--rm', '-T', '--no-deps', 'redis', 'sh', '-c', move);
    await compose('up', '--wait');

    expect(await redis('GET', 'quota:{0}:between')).toBe('1');
  });
});

describe('restore.sh', () => {
  test('a table and a key of a later version are gone with the rest of the old data', async () => {
    await mysql(
      'CREATE TABLE etuservices.later (id INT PRIMARY KEY); INSERT INTO etuservices.later VALUES (1)',
    );
    await redis('SET', 'quota:{0}:later', '1');
    const { succeeded } = await restore();

    expect(succeeded).toBe(true);
    expect(await mysql("SHOW TABLES FROM etuservices LIKE 'later'")).toBe('');
    expect(await mysql("SHOW DATABASES LIKE 'etuservices\\_%'")).toBe('');
    expect(await redis('EXISTS', 'quota:{0}:later')).toBe('0');
    expect(await statusOfLate()).toBe(401);
  });
});
