import type { Admission, Asked, Decided } from '../answers/admission';

/** A sliding window: at most `limit` within any `windowMs`. */
export type LocalLimit = { limit: number; windowMs: number };

/** What was admitted here: when, by performance.now(), how much, and for which request. */
type Taking = { timeMs: number; cost: number; requestId: string };

/** About 20 MB; beyond, a subject that is not counted yet is denied. */
const MAX_SUBJECTS = 100_000;

const NAME = 'local';

/** Counts what this process admits by itself. */
export type LocalCount = {
  /** Decides, exactly for this process alone. */
  admit(asked: Asked): Admission;
  /** Gives back what `admit` took for this request; false if it took nothing. */
  refund(taken: Pick<Asked, 'subject' | 'policy' | 'requestId'>): boolean;
};

/** Makes the count of one policy. `nowMs` never goes back. */
export function createLocalCount(
  { limit, windowMs }: LocalLimit,
  nowMs: () => number = () => performance.now(),
): LocalCount {
  const takings = new Map<string, Taking[]>();

  function current(subject: string): Taking[] {
    const startMs = nowMs() - windowMs;
    const kept = (takings.get(subject) ?? []).filter(({ timeMs }) => timeMs > startMs);
    keep(subject, kept);
    return kept;
  }

  function keep(subject: string, kept: Taking[]): void {
    if (kept.length === 0) takings.delete(subject);
    else takings.set(subject, kept);
  }

  function hasRoom(subject: string): boolean {
    if (takings.has(subject) || takings.size < MAX_SUBJECTS) return true;
    for (const counted of takings.keys()) current(counted);
    return takings.size < MAX_SUBJECTS;
  }

  /** Until `needed` more are free. */
  function delayMs(kept: readonly Taking[], needed: number): number {
    let missing = needed;
    for (const { cost, timeMs } of kept) {
      missing -= cost;
      if (missing <= 0) return Math.max(0, timeMs + windowMs - nowMs());
    }
    return 0;
  }

  function describe(asked: Asked, kept: readonly Taking[]): Omit<Decided, 'isRepeat'> {
    const taken = sum(kept);
    const delays = { nextDelayMs: delayMs(kept, 1), resetDelayMs: delayMs(kept, taken) };
    const status = { name: NAME, limit, remaining: limit - taken, windowMs, ...delays, overridden: false };
    const { policy, cost, requestId } = asked;
    return { policy, cost, requestId, limits: [status], decidedBy: 'client', degraded: false };
  }

  return {
    admit(asked) {
      const { subject, cost, requestId } = asked;
      const kept = current(subject);
      const isRepeat = kept.some((taking) => taking.requestId === requestId);
      if (isRepeat) return { ...describe(asked, kept), admitted: true, isRepeat };
      const missing = cost - (limit - sum(kept));
      if (missing > 0 || !hasRoom(subject)) {
        const retryDelayMs = cost > limit ? undefined : delayMs(kept, missing) || windowMs;
        return { ...describe(asked, kept), admitted: false, isRepeat, retryDelayMs };
      }
      const after = [...kept, { timeMs: nowMs(), cost, requestId }];
      takings.set(subject, after);
      return { ...describe(asked, after), admitted: true, isRepeat };
    },

    refund({ subject, requestId }) {
      const kept = current(subject);
      const after = kept.filter((taking) => taking.requestId !== requestId);
      if (after.length === kept.length) return false;
      keep(subject, after);
      return true;
    },
  };
}

function sum(takings: readonly Taking[]): number {
  return takings.reduce((total, { cost }) => total + cost, 0);
}
