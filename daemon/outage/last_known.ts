import { LRUCache } from 'lru-cache';
import type { KnownStanding } from '../memory/seed';
import type { Decision } from '../quota/admission';

/** Subjects whose last answers are kept, once for each policy. */
const MOST_SUBJECTS = 100_000;

/** What the store last answered about each subject, and what its clock showed then. */
export interface LastKnown {
  note(key: string, decision: Decision): void;
  find(key: string): KnownStanding | undefined;
  /** The store's clock as far as it is known, in microseconds; it never goes back. */
  nowUs(): number;
}

const US_PER_MS = 1000;

export function createLastKnown({
  monotonicMs = () => performance.now(),
  mostSubjects = MOST_SUBJECTS,
}: {
  monotonicMs?: () => number;
  mostSubjects?: number;
} = {}): LastKnown {
  const standings = new LRUCache<string, KnownStanding>({ max: mostSubjects });
  // Until the store has answered for the first time, this machine's clock has to do.
  let offsetUs = performance.timeOrigin * US_PER_MS;
  let lastUs = 0;

  return {
    note(key, { limits, decidedUs }) {
      // The answer took a moment to come, so the clock is taken to be a little behind: nothing comes back early.
      offsetUs = decidedUs - monotonicMs() * US_PER_MS;
      standings.set(key, { limits, atUs: decidedUs });
    },
    find: (key) => standings.get(key),
    nowUs() {
      lastUs = Math.max(lastUs, Math.floor(monotonicMs() * US_PER_MS + offsetUs));
      return lastUs;
    },
  };
}
