import { setTimeout as pause } from 'node:timers/promises';

/**
 * Makes pauses that end together: each is rounded up to a step of a common clock, so that what many loops then send goes out
 * in one write.
 */
export function createSharedPauses(stepMs: number): (delayMs: number) => Promise<void> {
  const pauses = new Map<number, Promise<void>>();
  return (delayMs) => {
    const nowMs = performance.now();
    const step = Math.ceil((nowMs + delayMs) / stepMs);
    const known = pauses.get(step);
    if (known !== undefined) return known;
    const ends = pause(step * stepMs - nowMs, undefined, { ref: false }).finally(() => pauses.delete(step));
    pauses.set(step, ends);
    return ends;
  };
}
