import { createHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Caller } from './calls';

const DAY_S = 86_400;
const WINDOWS_S = [3_600, DAY_S, 3 * DAY_S, 7 * DAY_S];

/** Far more often than pages ask. */
const PER_SECOND = 50;

const US_PER_MS = 1000;

/** Asks for the statistics of every window once: what is not counted yet is counted then. */
export async function countWindows(caller: Caller): Promise<void> {
  for (const seconds of WINDOWS_S) await caller.stats(windowOf(seconds));
}

/**
 * The p99 of the time for an answer with the statistics, in milliseconds, at a constant rate, of every window in turn. It
 * counts from the moment that the rate sets.
 */
export async function statsP99Ms(caller: Caller, durationMs: number): Promise<number> {
  const latencies = createHistogram();
  const answers: Promise<void>[] = [];
  const startMs = performance.now();
  for (let call = 0; call < (durationMs / 1000) * PER_SECOND; call += 1) {
    const dueMs = startMs + (call * 1000) / PER_SECOND;
    await pause(Math.max(0, dueMs - performance.now()));
    const seconds = WINDOWS_S[call % WINDOWS_S.length] ?? DAY_S;
    answers.push(
      caller.stats(windowOf(seconds)).then(() => {
        latencies.record(Math.max(1, Math.round((performance.now() - dueMs) * US_PER_MS)));
      }),
    );
  }
  await Promise.all(answers);
  return latencies.percentile(99) / US_PER_MS;
}

function windowOf(seconds: number) {
  return { topWindow: { seconds, nanos: 0 } };
}
