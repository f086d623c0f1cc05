import { createHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { Caller } from './calls';

const DAY_S = 86_400;

/** Windows that sites ask for. A daemon answers for those that it knows, and for the one of a question without any. */
const WINDOWS_S = [undefined, 3_600, DAY_S, 3 * DAY_S, 7 * DAY_S];

/** Far more often than pages ask. */
const PER_SECOND = 50;

const US_PER_MS = 1000;

/** A question for one window. */
export type Question = { topWindow: { seconds: number; nanos: number } | undefined };

/** Asks once for each window that the daemon knows: what is not counted yet is counted then. Returns these questions. */
export async function countWindows(caller: Caller): Promise<Question[]> {
  const known: Question[] = [];
  for (const seconds of WINDOWS_S) {
    const question = { topWindow: seconds === undefined ? undefined : { seconds, nanos: 0 } };
    if (await isAnswered(caller, question)) known.push(question);
  }
  return known;
}

async function isAnswered(caller: Caller, question: Question): Promise<boolean> {
  try {
    await caller.stats(question);
    return true;
  } catch (error) {
    if ((error as ServiceError).code === status.INVALID_ARGUMENT) return false;
    throw error;
  }
}

/**
 * The p99 of the time for an answer with the statistics, in milliseconds, at a constant rate, with the questions in turn. It
 * counts from the moment that the rate sets.
 */
export async function statsP99Ms(
  caller: Caller,
  { questions, durationMs }: { questions: readonly Question[]; durationMs: number },
): Promise<number> {
  const latencies = createHistogram();
  const answers: Promise<void>[] = [];
  const startMs = performance.now();
  for (let call = 0; call < (durationMs / 1000) * PER_SECOND; call += 1) {
    const dueMs = startMs + (call * 1000) / PER_SECOND;
    await pause(Math.max(0, dueMs - performance.now()));
    answers.push(
      caller.stats(questions[call % questions.length]).then(() => {
        latencies.record(Math.max(1, Math.round((performance.now() - dueMs) * US_PER_MS)));
      }),
    );
  }
  await Promise.all(answers);
  return latencies.percentile(99) / US_PER_MS;
}
