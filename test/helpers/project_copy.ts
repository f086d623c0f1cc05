import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** What the build reads and writes. */
const PARTS = [
  ...[
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'buf.yaml',
    'buf.gen.yaml',
  ],
  ...['daemon', 'web', 'scripts', 'environment', 'client', 'proto', 'gen', 'dist'],
  ...['docs/envoy', 'test/bench'],
];

/** A copy of the project, whose files a test may change, and whose commands it may run. */
export interface ProjectCopy {
  readonly folder: string;
  /** The text of a file; empty if there is none. */
  read(file: string): string;
  /** Runs a script, as npm does. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Runs a script to its end; its exit code. */
  finish(args: readonly string[]): Promise<number | null>;
  remove(): void;
}

export function copyProject(): ProjectCopy {
  const folder = mkdtempSync(join(tmpdir(), 'quota-project-'));
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const command = [join(folder, 'scripts', 'run.mjs'), ...args];
    return spawn(process.execPath, command, {
      cwd: folder,
      env: { PATH: process.env.PATH, ...env },
      stdio: 'ignore',
    });
  }
  return {
    folder,
    read(file) {
      const path = join(folder, file);
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    },
    run,
    async finish(args) {
      const child = run(args);
      await once(child, 'exit');
      return child.exitCode;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
