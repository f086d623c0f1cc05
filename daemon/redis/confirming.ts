import type { Opening } from './opening';

/** How often to check that the store is still the one that was claimed. */
const CONFIRM_MS = 2_000;

/** The most partitions checked at a time; if there are more, they take turns. */
const CONFIRMED_AT_ONCE = 32;

/**
 * Checks regularly, so that an emptied store is noticed even without admissions. Returns a function that stops the
 * checks.
 */
export function confirmRegularly(openings: readonly Opening[], partitions: number): () => void {
  let next = 0;
  const timer = setInterval(() => {
    for (let count = Math.min(partitions, CONFIRMED_AT_ONCE); count > 0; count -= 1) {
      const partition = next;
      next = (next + 1) % partitions;
      for (const opening of openings) if (opening.isOpen()) opening.confirm(partition).catch(() => undefined);
    }
  }, CONFIRM_MS).unref();
  return () => clearInterval(timer);
}
