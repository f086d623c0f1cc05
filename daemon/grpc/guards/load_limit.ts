/** More is in flight than can be answered in time. Nothing was decided. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
  constructor() {
    super('the daemon is overloaded; nothing was decided, try again later');
  }
}

/** How a request ended: `dropped` if its caller had given up, `failed` if its time says nothing of the load. */
export type Ending = 'answered' | 'dropped' | 'failed';

/** One request in flight. */
export interface Passage {
  /** It holds so many decisions instead of one. Throws `Overloaded` if they are too many. */
  weigh(decisionCount: number): void;
  /** To be called once it has ended; any further time it does nothing. */
  end(ending: Ending): void;
}

export interface LoadLimit {
  /** Lets a request in, or not: undefined. */
  enter(): Passage | undefined;
  /** Whether as much is in flight as may be. */
  isFull(): boolean;
  /** Whether what is kept for callers with little in flight is used up too: then `enter` lets nothing in. */
  isExhausted(): boolean;
  /** What may be in flight, and what is, in decisions. */
  state(): { readonly limit: number; readonly inFlight: number };
}

export interface LoadLimitOptions {
  readonly nowMs?: () => number;
  readonly least: number;
  readonly most: number;
  /** What may be in flight beyond the limit, as a share of it, of callers that have less than others; none unless given. */
  readonly reserve?: number;
}

/**
 * A single decision that takes so much longer than one does at best shows a queue, of the event loop or of the store. It
 * is what about 400 decisions take, enough to keep a daemon busy; refusals come too late under overload with much more, and
 * a daemon beside busy neighbours refuses what it could answer with less.
 */
const QUEUED_MS = 20;

/** What takes longer is too slow, whatever it takes at best. Callers wait half a second or more. */
const SLOW_MS = 100;

/** The best time is forgotten after one to two of these: a store that has become slower for good is no queue. */
const BEST_SPAN_MS = 10_000;

/** The decrease of TCP halves; less is enough here, as it comes ten times a second. */
const DECREASE = 0.9;

/** For each decision: about one more per round trip at the rate of a busy daemon. */
const INCREASE = 0.1;

/**
 * Bounds what is in flight by what it takes: more while requests are answered quickly, a tenth less once one has queued, by
 * its time beyond the best one (TCP Vegas: L. Brakmo and L. Peterson, 1995). It does not wait until requests are slow, as a
 * daemon that is busy with those it let in refuses too late all others, which age in their callers' queues meanwhile
 * (additive increase, multiplicative decrease: D. Chiu and R. Jain, 1989; for services: AIMDLimit of Netflix's
 * concurrency-limits). As TCP, it decreases once per round trip: a request that began before the last decrease shows
 * nothing new, so that one pause of the process costs a tenth and not everything.
 */
export function createLoadLimit({
  nowMs = () => performance.now(),
  least,
  most,
  reserve = 0,
}: LoadLimitOptions): LoadLimit {
  let limit = most;
  let inFlight = 0;
  let decreasedMs = Number.NEGATIVE_INFINITY;
  const best = createBest();

  function learn(ending: Ending, { startMs, weight }: { startMs: number; weight: number }): void {
    const ms = nowMs();
    const tookMs = ms - startMs;
    // A batch takes long by itself.
    const isSingle = weight === 1;
    if (isSingle && ending === 'answered') best.observe(ms, tookMs);
    const isSlow = tookMs >= (isSingle ? Math.min(SLOW_MS, best.leastMs() + QUEUED_MS) : SLOW_MS);
    if (ending === 'answered' && !isSlow) limit = Math.min(most, limit + INCREASE * weight);
    if (ending === 'failed' || !isSlow || startMs <= decreasedMs) return;
    limit = Math.max(least, limit * DECREASE);
    decreasedMs = ms;
  }

  function isFull(): boolean {
    return inFlight >= limit;
  }

  function isExhausted(): boolean {
    return inFlight >= limit * (1 + reserve);
  }

  return {
    isFull,
    isExhausted,
    enter() {
      if (isExhausted()) return undefined;
      const startMs = nowMs();
      let weight = 1;
      inFlight += weight;
      return {
        weigh(decisionCount) {
          // The last one may go beyond the limit, or a large batch would never find room.
          if (decisionCount > weight && inFlight > limit) throw new Overloaded();
          inFlight += decisionCount - weight;
          weight = decisionCount;
        },
        end(ending) {
          if (weight === 0) return;
          inFlight -= weight;
          learn(ending, { startMs, weight });
          weight = 0;
        },
      };
    },
    state: () => ({ limit: Math.floor(limit), inFlight }),
  };
}

/** The least of the times of late: of this span and the one before. */
function createBest() {
  let [least, leastBefore] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let spanEndMs = Number.NEGATIVE_INFINITY;
  return {
    observe(ms: number, tookMs: number): void {
      if (ms >= spanEndMs) {
        [least, leastBefore] = [Number.POSITIVE_INFINITY, least];
        spanEndMs = ms + BEST_SPAN_MS;
      }
      least = Math.min(least, tookMs);
    },
    leastMs: () => Math.min(least, leastBefore),
  };
}
