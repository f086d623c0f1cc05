import type { KnownStanding } from '../memory/seed';
import type { Admission, Decision } from '../quota/admission';
import { createStandings, type Standings } from './standings';

/** Of so many subjects of each policy the last answers are kept at least; the numbers of one limit take 16 MB. */
const LEAST_KEPT = 100_000;

/** The store's last answer about each subject, and its clock at that time. */
export interface LastKnown {
  note(admission: Admission, decision: Decision): void;
  find(admission: Admission): KnownStanding | undefined;
  /** Forgets a subject, up to a moment of the store. */
  forget(subject: string, untilUs: number): void;
  /** Forgets all subjects. */
  clear(): void;
  /** The store's clock as far as it is known, in microseconds; it never goes back. */
  nowUs(): number;
}

const US_PER_MS = 1000;

export function createLastKnown({
  monotonicMs = () => performance.now(),
  leastKept = LEAST_KEPT,
}: {
  monotonicMs?: () => number;
  leastKept?: number;
} = {}): LastKnown {
  const byPolicy = new Map<string, Standings>();
  // Until the store's first answer, this machine's clock is used.
  let offsetUs = performance.timeOrigin * US_PER_MS;
  let lastUs = 0;

  function standingsOf(policy: string): Standings {
    let standings = byPolicy.get(policy);
    if (standings === undefined) {
      standings = createStandings(leastKept);
      byPolicy.set(policy, standings);
    }
    return standings;
  }

  return {
    note({ policy, subject }, decision) {
      // The answer took a moment to come, so the clock is taken to be a little behind: nothing comes back early.
      offsetUs = decision.decidedUs - monotonicMs() * US_PER_MS;
      standingsOf(policy).note(subject, decision);
    },
    find: ({ policy, subject }) => byPolicy.get(policy)?.find(subject),
    forget(subject, untilUs) {
      for (const standings of byPolicy.values()) standings.forget(subject, untilUs);
    },
    clear: () => byPolicy.clear(),
    nowUs() {
      lastUs = Math.max(lastUs, Math.floor(monotonicMs() * US_PER_MS + offsetUs));
      return lastUs;
    },
  };
}
