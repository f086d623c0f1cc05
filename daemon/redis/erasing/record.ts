import type { Erasure } from '../../quota/erasing';

const US_PER_MS = 1000;

/** A running erasure, as `scripts/erasing/begin.lua` keeps it. */
export interface RunningErasure extends ErasureProgress {
  readonly subject: string;
  /** The policies known at the start, and their limits as POLICY:LIMIT: their states were deleted then. */
  readonly policies: readonly string[];
  readonly limits: readonly string[];
  /** The last entry of each policy's log when it began; an empty list if there was none. */
  readonly cutoffs: Readonly<Record<string, string>> | readonly [];
}

interface ErasureProgress {
  readonly subject_hash: string;
  readonly begun_us: number;
  readonly steps_done: number;
  readonly steps_total: number;
}

/** An ended erasure, as `scripts/erasing/progress.lua` keeps it. */
export interface EndedErasure {
  readonly subject_hash: string;
  readonly begun_us: number;
  readonly ended_us: number;
  readonly steps_total: number;
}

export function toErasure(id: string, record: ErasureProgress | EndedErasure): Erasure {
  const hasEnded = 'ended_us' in record;
  return {
    id,
    subjectHash: record.subject_hash,
    startTimeMs: Math.floor(record.begun_us / US_PER_MS),
    endTimeMs: hasEnded ? Math.floor(record.ended_us / US_PER_MS) : undefined,
    stepsDone: hasEnded ? record.steps_total : record.steps_done,
    stepsTotal: record.steps_total,
  };
}
