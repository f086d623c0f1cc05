import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { type OwnRedis, startOwnRedis } from './redis';
import { createClockShim, HAS_COMPILER } from './shims';

/** A Redis whose wall clock a test sets. */
export interface ShiftedRedis extends OwnRedis {
  /** Moves its clock by this much, forwards or back. */
  shift(ms: number): void;
}

/** Tests that need such a Redis; skipped, which the report shows, on a machine without a C compiler. */
export const describeWithShiftedClock = HAS_COMPILER ? describe : describe.skip;

export async function startShiftedRedis(
  config: Readonly<Record<string, string>> = {},
): Promise<ShiftedRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'quota-clock-'));
  const clock = createClockShim(directory);
  const redis = await startOwnRedis({ config, env: clock.env });
  return {
    ...redis,
    shift: clock.shift,
    async close() {
      await redis.close();
      clock.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
