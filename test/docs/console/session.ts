import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const BUF = join(__dirname, '..', '..', '..', 'node_modules', '.bin', 'buf');

/** npm's own lines before those of the script. */
const NPM_BANNER = /^\n> .*\n> .*\n\n/;

/** What a command printed, standard output first, and its exit code; undefined if it did not end in time. */
export interface Result {
  readonly printed: string;
  readonly code: number | undefined;
}

export interface Session {
  /** Where the commands run, with what they need. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Bounds all commands together. */
  readonly boundMs: number;
}

/** Runs the commands one after the other in one shell, as a reader does: what one of them sets or starts is there for the next. */
export function runInTurn(commands: readonly string[], { folder, env, boundMs }: Session): Result[] {
  const results = mkdtempSync(join(tmpdir(), 'quota-console-'));
  const file = (index: number, part: 'out' | 'err' | 'code') => join(results, `${index}.${part}`);
  const steps = commands.map((command, index) =>
    [
      `{ ${command}`,
      `} >'${file(index, 'out')}' 2>'${file(index, 'err')}'`,
      `echo $? >'${file(index, 'code')}'`,
    ].join('\n'),
  );
  try {
    spawnSync('bash', ['-c', ["trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT", ...steps].join('\n')], {
      cwd: folder,
      env,
      stdio: 'ignore',
      timeout: boundMs,
    });
    const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    return commands.map((_, index) => ({
      printed: `${read(file(index, 'out')).replace(NPM_BANNER, '')}${read(file(index, 'err'))}`,
      code: existsSync(file(index, 'code')) ? Number(read(file(index, 'code'))) : undefined,
    }));
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

/** Makes a folder with the programs that the documentation uses and a machine may lack; what a session needs to find them. */
export function provideGrpcurl(folder: string): { PATH: string; BUF: string } {
  mkdirSync(folder, { recursive: true });
  if (spawnSync('grpcurl', ['-version']).status !== 0) provide(folder, 'grpcurl');
  return { PATH: [folder, process.env.PATH].join(delimiter), BUF };
}

/** Puts a program of this folder in front of the machine's own. */
export function provide(folder: string, program: string): void {
  const file = join(folder, program);
  copyFileSync(join(__dirname, program), file);
  chmodSync(file, 0o755);
}
