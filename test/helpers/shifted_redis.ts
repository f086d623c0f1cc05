import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { type OwnRedis, startOwnRedis } from './redis';

/** A Redis whose wall clock a test sets. */
export interface ShiftedRedis extends OwnRedis {
  /** Moves its clock by so much from where it is: forwards, or back. */
  shift(ms: number): void;
}

const COMPILER = 'cc';
const SHIM = join(__dirname, 'shifted_clock.c');

const hasCompiler = spawnSync(COMPILER, ['--version']).status === 0;

/** Tests that need such a Redis; skipped, which the report shows, on a machine without a C compiler. */
export const describeWithShiftedClock = hasCompiler ? describe : describe.skip;

export async function startShiftedRedis(
  config: Readonly<Record<string, string>> = {},
): Promise<ShiftedRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'quota-clock-'));
  const library = join(directory, 'shifted_clock.so');
  const compiled = spawnSync(COMPILER, ['-shared', '-fPIC', '-O2', '-o', library, SHIM], {
    encoding: 'utf8',
  });
  if (compiled.status !== 0) throw new Error(`the clock could not be compiled:\n${compiled.stderr}`);
  const shiftFile = join(directory, 'shift');
  const file = openSync(shiftFile, 'w');
  let shiftUs = 0n;

  function write(): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(shiftUs);
    writeSync(file, bytes, 0, bytes.length, 0);
  }

  write();
  const redis = await startOwnRedis({ config, env: { LD_PRELOAD: library, SHIFT_FILE: shiftFile } });
  return {
    ...redis,
    shift(ms) {
      shiftUs += BigInt(Math.round(ms * 1000));
      write();
    },
    async close() {
      await redis.close();
      closeSync(file);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
