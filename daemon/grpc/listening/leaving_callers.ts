/** What becomes of requests that waited for room, and so how old one may be when it is decided. */
export interface LeavingCallers {
  /** In milliseconds since the request arrived; Infinity while callers wait for their answers. */
  mostAgeMs(): number;
  /** A request that was let in has ended with an answer. */
  answered(): void;
  /** A caller has left before the deadline that it had sent. */
  left(): void;
}

/** A larger share is overload: a few always leave, or ask two daemons and take the first answer. */
const LEFT_SHARE = 0.05;

/** The share is an average of about so many requests. */
const REMEMBERED_REQUESTS = 128;

/** Without a queue even a busy daemon decides sooner. */
const FIRST_AGE_MS = 100;

/** Under overload a request is read, decoded and decided in about ten milliseconds if it is let in at once. */
const LEAST_AGE_MS = 15;

/** A larger age limits nothing: callers who leave wait for about this long. */
const LARGEST_AGE_MS = 200;

/** Without another one that leaves, all is as before after this time. */
const FORGOTTEN_MS = 1000;

const CUT = 0.05;

/** The share of callers that leave at which cuts and increases cancel out. */
const TARGET_SHARE = 0.01;

/**
 * Under overload, requests wait in their callers' queues, which are first in, first out, and are sent with little time
 * left. Their headers do not show that: libraries write the deadline before the request waits. So callers leave early,
 * and what was taken for them was taken for nobody. So the greatest age at which a request is decided follows how
 * many leave: each of them cuts it, and each answer raises it by so little that both cancel out if one in a hundred leaves.
 */
export function createLeavingCallers(nowMs: () => number = () => performance.now()): LeavingCallers {
  let ageMs = Number.POSITIVE_INFINITY;
  let share = 0;
  let leftMs = Number.NEGATIVE_INFINITY;

  function forgetLongAgo(): void {
    if (nowMs() - leftMs < FORGOTTEN_MS) return;
    ageMs = Number.POSITIVE_INFINITY;
    share = 0;
  }

  return {
    mostAgeMs() {
      forgetLongAgo();
      return ageMs;
    },
    answered() {
      share -= share / REMEMBERED_REQUESTS;
      ageMs *= 1 + CUT * TARGET_SHARE;
      if (ageMs > LARGEST_AGE_MS) ageMs = Number.POSITIVE_INFINITY;
    },
    left() {
      forgetLongAgo();
      share += (1 - share) / REMEMBERED_REQUESTS;
      leftMs = nowMs();
      const isLimited = ageMs !== Number.POSITIVE_INFINITY;
      if (!isLimited && share <= LEFT_SHARE) return;
      ageMs = Math.max(LEAST_AGE_MS, (isLimited ? ageMs : FIRST_AGE_MS) * (1 - CUT));
    },
  };
}
