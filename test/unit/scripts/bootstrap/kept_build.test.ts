import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { keepBuild } from '../../../../scripts/bootstrap/kept_build';

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'kept-build-'));
  write('package.json', '{"version":"1.2.3"}');
  write('dist/daemon/main.js', 'old');
  write('dist/web/assets/.stamp', 'assets');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
}

const keep = () => keepBuild({ root: project, folder: join(project, 'running') });
const read = (file: string) => readFileSync(join(project, file), 'utf8');

test('keepBuild: a later build, the kept files stay as they were', async () => {
  write('dist/.stamp', 'one');
  const dist = await keep();
  write('dist/daemon/main.js', 'new');

  expect(dist).toBe(join(project, 'running', 'dist'));
  expect(read('running/dist/daemon/main.js')).toBe('old');
  expect(read('running/package.json')).toContain('1.2.3');
});

test('keepBuild: a build that is not finished waits until it is', async () => {
  const kept = keep();
  write('dist/daemon/main.js', 'new');
  write('dist/.stamp', 'two');
  await kept;

  expect(read('running/dist/daemon/main.js')).toBe('new');
});

test('keepBuild: what an earlier run kept is removed', async () => {
  write('dist/.stamp', 'one');
  write('running/dist/daemon/old.js', 'old');
  await keep();

  expect(() => read('running/dist/daemon/old.js')).toThrow('ENOENT');
});
