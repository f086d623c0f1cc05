import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'ci-run-'));
  for (const folder of ['own/.ci', 'bin']) mkdirSync(join(project, folder), { recursive: true });
  copyFileSync(join(__dirname, '../../../.ci/run'), join(project, 'own/.ci/run'));
  program('../own/.ci/smoke', 'echo "2 passed, 0 failed"');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function program(name: string, script: string): void {
  const file = join(project, 'bin', name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** The exit code, and what was printed with the times left out. */
function run(): { status: number | null; lines: string[] } {
  const PATH = `${join(project, 'bin')}:/usr/bin:/bin`;
  const { status, stdout } = spawnSync('bash', [join(project, 'own/.ci/run')], {
    encoding: 'utf8',
    env: { PATH },
  });
  return {
    status,
    lines: stdout
      .trimEnd()
      .replaceAll(/\d+ min \d+ s/g, 'TIME')
      .split('\n'),
  };
}

test('.ci/run: without an engine, the compose stack is reported as skipped', () => {
  program('npm', 'echo "12 passed, 0 failed"');
  program('docker', 'exit 1');

  expect(run()).toEqual({
    status: 0,
    lines: [
      '2 passed, 0 failed',
      '12 passed, 0 failed',
      'npm start: 2 passed, 0 failed, TIME',
      'npm test: 12 passed, 0 failed, TIME',
      'compose: skipped, there is no container engine here',
      '14 passed, 0 failed',
    ],
  });
});

test('.ci/run: an engine, both parts with their times and the sum last', () => {
  program(
    'npm',
    'if [ "$1" = test ]; then echo "12 passed, 0 failed"; else echo "3 passed, 2 failed"; exit 1; fi',
  );
  program('docker', 'exit 0');
  const { status, lines } = run();

  expect(status).toBe(1);
  expect(lines.slice(-3)).toEqual([
    'npm test: 12 passed, 0 failed, TIME',
    'compose: 3 passed, 2 failed, TIME',
    '17 passed, 2 failed',
  ]);
});

test('.ci/run: a part that fails without a count is one failure', () => {
  program('npm', 'exit 3');
  program('docker', 'exit 1');
  const { status, lines } = run();

  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('2 passed, 1 failed');
});

test('.ci/run: a test that was skipped is named below its part', () => {
  program('npm', 'echo "skipped: the alerts: as promtool tests them"; echo "12 passed, 0 failed"');
  program('docker', 'exit 1');

  expect(run().lines.slice(-4)).toEqual([
    'npm test: 12 passed, 0 failed, TIME',
    '  skipped: the alerts: as promtool tests them',
    'compose: skipped, there is no container engine here',
    '14 passed, 0 failed',
  ]);
});
