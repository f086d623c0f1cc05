import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dim, green, red, say } from '../console/terminal';
import { SUCCESS } from '../processes/processes';
import type { Supervisor } from '../processes/supervisor';
import { waitUntil } from '../processes/wait';
import { environmentWith } from '../settings/config';
import { root, testFolder } from '../settings/paths';

/** The proto files as they were last released; what callers rely on. */
const RELEASED_PROTO = join('proto', 'released.binpb');

/** The slowest takes a few seconds. */
const CHECK_BOUND_MS = 180_000;

interface Check {
  readonly name: string;
  readonly tool: string;
  readonly args: readonly string[];
}

const CHECKS: readonly Check[] = [
  {
    name: 'format, lint, cycles',
    tool: 'biome',
    args: ['ci', '--colors=off', '--diagnostic-level=warn', '.'],
  },
  {
    name: 'import direction',
    tool: 'depcruise',
    args: ['--no-progress', 'client', 'daemon', 'environment', 'gen', 'scripts', 'web'],
  },
  { name: 'proto lint', tool: 'buf', args: ['lint'] },
  { name: 'proto breaking changes', tool: 'buf', args: ['breaking', '--against', RELEASED_PROTO] },
  { name: 'types', tool: 'tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  { name: 'types of the browser’s scripts', tool: 'tsc', args: ['-p', join('web', 'browser')] },
  { name: 'links of the documentation', tool: 'remark', args: ['--quiet', '--frail', '.'] },
  { name: 'dead code', tool: 'knip', args: ['--no-progress'] },
];

/** Runs every check, even if others fail, and prints a line for each. Returns which passed. */
export async function runChecks(supervisor: Supervisor): Promise<boolean[]> {
  const results: boolean[] = [];
  for (const check of CHECKS.filter(isPossible)) results.push(await runCheck(supervisor, check));
  return results;
}

async function runCheck(supervisor: Supervisor, { name, tool, args }: Check): Promise<boolean> {
  const begin = performance.now();
  const task = supervisor.launchTask({
    name: `check_${tool}`,
    folder: testFolder,
    command: join(root, 'node_modules', '.bin', tool),
    args,
    cwd: root,
    env: environmentWith({ NO_COLOR: '1' }),
  });
  await waitUntil(() => task.end() !== undefined, CHECK_BOUND_MS);
  const passed = task.end() === SUCCESS;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  say(`${passed ? green('✓') : red('✗')} ${name} ${dim(`(${tool} ${args.join(' ')}, ${seconds} s)`)}`);
  if (task.end() === undefined) await task.stop();
  if (!passed) say(`${readFileSync(task.log, 'utf8').trimEnd()}\n  ${red(`${tool} ${task.end()}`)}`);
  return passed;
}

/** Before the first release there is nothing to break. */
function isPossible({ args }: Check): boolean {
  return !args.includes(RELEASED_PROTO) || existsSync(join(root, RELEASED_PROTO));
}
