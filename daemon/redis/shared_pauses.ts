import { setTimeout as pause } from 'node:timers/promises';

/** Pauses of many loops. */
export interface SharedPauses {
  /** Rounds the pause up to a step of a common clock, so that what many loops then send goes out in one write. */
  pause(delayMs: number): Promise<void>;
  /** Ends all pauses that have begun. */
  endAll(): void;
}

interface Pause {
  readonly ended: Promise<void>;
  end(): void;
}

/** Makes pauses that end together. */
export function createSharedPauses(stepMs: number): SharedPauses {
  let pauses = new Map<number, Pause>();

  function begin(step: number, delayMs: number): Pause {
    const own = pauses;
    const ending = new AbortController();
    const ended = pause(delayMs, undefined, { ref: false, signal: ending.signal })
      .catch(() => undefined)
      .finally(() => own.delete(step));
    const begun = { ended, end: () => ending.abort() };
    own.set(step, begun);
    return begun;
  }

  return {
    pause(delayMs) {
      const nowMs = performance.now();
      const step = Math.ceil((nowMs + delayMs) / stepMs);
      return (pauses.get(step) ?? begin(step, step * stepMs - nowMs)).ended;
    },
    endAll() {
      const begun = pauses;
      pauses = new Map();
      for (const { end } of begun.values()) end();
    },
  };
}
