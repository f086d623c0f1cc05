export type SharedAnswerOptions<T> = {
  read: () => Promise<T>;
  /** How old an answer may be. */
  keptMs: number;
  nowMs?: () => number;
};

/**
 * Shares one reading: a call during a reading, or within `keptMs` after it, gets its answer. So
 * many callers cost one reading, also when an answer has expired. A failure is not kept.
 */
export function shareAnswer<T>({
  read,
  keptMs,
  nowMs = () => performance.now(),
}: SharedAnswerOptions<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  let endMs = Number.POSITIVE_INFINITY;
  return () => {
    if (reading !== undefined && nowMs() < endMs) return reading;
    endMs = Number.POSITIVE_INFINITY;
    const started = read();
    reading = started;
    started.then(
      () => {
        endMs = nowMs() + keptMs;
      },
      () => {
        reading = undefined;
      },
    );
    return started;
  };
}
