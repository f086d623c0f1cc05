/** When a process was stopped. */
export interface Stops {
  /** A stop begins; it lasts until what this returns is called. */
  begin(): () => void;
  /** For how long in all since a moment of `performance.now()`, in milliseconds. */
  sinceMs(momentMs: number): number;
}

export function noteStops(): Stops {
  const stops: { fromMs: number; toMs: number }[] = [];
  return {
    begin() {
      const stop = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY };
      stops.push(stop);
      return () => {
        stop.toMs = performance.now();
      };
    },
    sinceMs(momentMs) {
      const nowMs = performance.now();
      return stops.reduce(
        (sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, nowMs) - Math.max(fromMs, momentMs)),
        0,
      );
    },
  };
}
