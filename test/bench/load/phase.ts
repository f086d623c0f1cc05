import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Pace, PhaseResult, Slice } from './orders';

const SLICE_MS = 100;

/** Node's histogram is an HDR histogram; it counts microseconds here. */
interface SliceState {
  offered: number;
  answered: number;
  readonly latencies: RecordableHistogram;
}

/** What has come of a phase so far. */
export interface Phase {
  readonly pace: Pace;
  readonly counts: { offered: number; answered: number; admitted: number; refused: number; late: number };
  readonly latencies: RecordableHistogram;
  readonly slices: readonly SliceState[];
}

export function createPhase(pace: Pace): Phase {
  const slices = Array.from({ length: Math.ceil(pace.durationMs / SLICE_MS) }, () => ({
    offered: 0,
    answered: 0,
    latencies: createHistogram(),
  }));
  const counts = { offered: 0, answered: 0, admitted: 0, refused: 0, late: 0 };
  return { pace, counts, latencies: createHistogram(), slices };
}

/** Counts a call that was offered, so long after the phase began. */
export function countOffer(phase: Phase, sinceMs: number): void {
  phase.counts.offered += 1;
  const slice = sliceOf(phase, sinceMs);
  if (slice) slice.offered += 1;
}

/** Counts an answer in time. It belongs to the moment when its call was due. */
export function countAnswer(
  phase: Phase,
  { isAdmitted, sinceMs, latencyUs }: { isAdmitted: boolean; sinceMs: number; latencyUs: number },
): void {
  phase.counts.answered += 1;
  if (isAdmitted) phase.counts.admitted += 1;
  phase.latencies.record(latencyUs);
  const slice = sliceOf(phase, sinceMs);
  if (slice === undefined) return;
  slice.answered += 1;
  slice.latencies.record(latencyUs);
}

export function resultOf({ counts, latencies, slices }: Phase): PhaseResult {
  const [p50Us, p99Us] = [latencies.percentile(50), latencies.percentile(99)];
  return { ...counts, p50Us, p99Us, slices: slices.map(sliceResult) };
}

/** The tenth of a second that a moment of the phase is in. */
function sliceOf({ slices }: Phase, sinceMs: number): SliceState | undefined {
  return slices[Math.floor(sinceMs / SLICE_MS)];
}

function sliceResult({ offered, answered, latencies }: SliceState): Slice {
  return { offered, answered, p95Us: latencies.percentile(95) };
}
