import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const ROOT = join(__dirname, '../../..');
const BIOME = join(ROOT, 'node_modules', '.bin', 'biome');

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'lint-rules-'));
  for (const file of ['biome.json', 'no_inline_type_imports.grit'])
    copyFileSync(join(ROOT, file), join(project, file));
  // The configuration asks git's file what to leave out.
  write('.gitignore', 'node_modules/\n');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
}

/** What the project's own rules say of the files that were written. */
function complaints(): string {
  const { stdout, stderr } = spawnSync(BIOME, ['lint', '--colors=off', '.'], {
    cwd: project,
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`;
}

test('lint: a cycle of type imports alone is an error', () => {
  write('scripts/a.ts', "import type { B } from './b';\nexport type A = B | string;\n");
  write('scripts/b.ts', "import type { A } from './a';\nexport type B = A[];\n");

  expect(complaints()).toContain('This import is part of a cycle.');
});

test('lint: a file of environment may import its neighbour', () => {
  write('environment/a.ts', "import { b } from './b';\nexport const a = b;\n");
  write('environment/b.ts', 'export const b = 1;\n');

  expect(complaints()).not.toMatch(/error/i);
});

test('lint: a type imported in a place that no import rule sees is an error', () => {
  write('daemon/quota/a.ts', "export type A = import('../access/b').B;\n");
  write('web/a.ts', "export type A = typeof import('../daemon/b');\n");

  expect(complaints().match(/the import rules do not see it here/g)).toHaveLength(2);
});
