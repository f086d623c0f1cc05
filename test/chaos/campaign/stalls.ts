/** How long this process did not get to run, which no callee is to blame for. */
export interface Stalls {
  /** For how long in all since a moment of `performance.now()`, in milliseconds. */
  sinceMs(momentMs: number): number;
  stop(): void;
}

const TICK_MS = 20;

/** A timer is that late anyway. A machine that is busy all the time delays each tick a little. */
const PUNCTUAL_MS = 3;

/** No try lasts longer. */
const KEPT_MS = 15_000;

export function watchStalls(): Stalls {
  let stalls: { endMs: number; lateMs: number }[] = [];
  let lastMs = performance.now();

  function tick(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - lastMs - TICK_MS;
    lastMs = nowMs;
    if (lateMs < PUNCTUAL_MS) return;
    stalls = [...stalls.filter(({ endMs }) => endMs > nowMs - KEPT_MS), { endMs: nowMs, lateMs }];
  }

  const timer = setInterval(tick, TICK_MS);
  return {
    sinceMs(momentMs) {
      tick();
      return stalls.filter(({ endMs }) => endMs > momentMs).reduce((sum, { lateMs }) => sum + lateMs, 0);
    },
    stop: () => clearInterval(timer),
  };
}
