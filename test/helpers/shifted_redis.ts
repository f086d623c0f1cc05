import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { type OwnRedis, startOwnRedis } from './redis';
import { type ClockShim, createClockShim, HAS_COMPILER } from './shims';

/** A Redis whose wall clock a test sets. */
export interface ShiftedRedis extends OwnRedis {
  /** Moves its clock by this much, forwards or back. */
  shift(ms: number): void;
}

/** Tests that need such a Redis; skipped, which the report shows, on a machine without a C compiler. */
export const describeWithShiftedClock = HAS_COMPILER ? describe : describe.skip;

/** The clock of a server that a test starts with its environment. */
export function openClock(): ClockShim {
  const directory = mkdtempSync(join(tmpdir(), 'quota-clock-'));
  const clock = createClockShim(directory);
  return {
    ...clock,
    close() {
      clock.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function startShiftedRedis(
  config: Readonly<Record<string, string>> = {},
): Promise<ShiftedRedis> {
  const clock = openClock();
  const redis = await startOwnRedis({ config, env: clock.env });
  return {
    ...redis,
    shift: clock.shift,
    async close() {
      await redis.close();
      clock.close();
    },
  };
}
