import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const COMPILER = 'cc';

/** Whether there is a C compiler: without one, no clock of another program can be set, and no disk be made slow. */
export const HAS_COMPILER = spawnSync(COMPILER, ['--version']).status === 0;

/** A library that stands between a program and its system, and the environment that loads it. */
interface Shim {
  readonly env: Readonly<Record<string, string>>;
}

export interface ClockShim extends Shim {
  /** Moves the program's clock by this much, forwards or back. */
  shift(ms: number): void;
  close(): void;
}

export function createClockShim(folder: string): ClockShim {
  const shiftFile = join(folder, 'shift');
  const file = openSync(shiftFile, 'w');
  let shiftUs = 0n;

  function write(): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(shiftUs);
    writeSync(file, bytes, 0, bytes.length, 0);
  }

  write();
  return {
    env: { LD_PRELOAD: compile('shifted_clock', folder), SHIFT_FILE: shiftFile },
    shift(ms) {
      shiftUs += BigInt(Math.round(ms * 1000));
      write();
    },
    close: () => closeSync(file),
  };
}

export interface DiskShim extends Shim {
  /** Each sync takes so much longer from now on. */
  slowDown(delayMs: number): void;
  /** How much of each file was synced last: a line for each sync, the bytes before the path. */
  readonly logFile: string;
}

export function createDiskShim(folder: string): DiskShim {
  const [delayFile, logFile] = [join(folder, 'delay'), join(folder, 'log')];
  writeFileSync(delayFile, '0');
  writeFileSync(logFile, '');
  return {
    env: {
      LD_PRELOAD: compile('disk', folder),
      DISK_DELAY_FILE: delayFile,
      DISK_LOG_FILE: logFile,
    },
    slowDown: (delayMs) => writeFileSync(delayFile, String(delayMs * 1000)),
    logFile,
  };
}

/** The environment that loads all of them. */
export function envOf(shims: readonly Shim[]): Record<string, string> {
  const joined = Object.assign({}, ...shims.map(({ env }) => env)) as Record<string, string>;
  return { ...joined, LD_PRELOAD: shims.map(({ env }) => env.LD_PRELOAD).join(':') };
}

function compile(name: string, folder: string): string {
  const library = join(folder, `${name}.so`);
  execFileSync(COMPILER, ['-shared', '-fPIC', '-O2', '-o', library, join(__dirname, `${name}.c`), '-ldl']);
  return library;
}
