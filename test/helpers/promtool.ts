import { spawnSync } from 'node:child_process';
import { test } from '@jest/globals';

/** If Prometheus cannot be installed, jest reports the test as skipped, and never as passed. */
export const testWithPromtool = spawnSync('promtool', ['--version']).status === 0 ? test : test.skip;

/** Runs promtool: everything that it prints, and whether it succeeded. */
export function promtool(args: readonly string[], input = ''): { succeeded: boolean; text: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { succeeded: status === 0, text: `${stdout}${stderr}` };
}
