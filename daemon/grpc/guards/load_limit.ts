/** More requests are in flight than can be answered in time. Nothing was decided. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
  constructor() {
    super('the daemon is overloaded; nothing was decided, try again later');
  }
}

/** How a request ended: `dropped` if its caller had given up, `failed` if its duration says nothing about the load. */
export type Ending = 'answered' | 'dropped' | 'failed';

/** One request in flight. */
export interface Passage {
  /** Sets how many decisions it holds, instead of one. Throws `Overloaded` if there are too many. */
  weigh(decisionCount: number): void;
  /** Must be called once it has ended; further calls do nothing. */
  end(ending: Ending): void;
}

export interface LoadLimit {
  /** Lets a request in; undefined if there is no room. */
  enter(): Passage | undefined;
  /** Whether the limit is reached. */
  isFull(): boolean;
  /** Whether the reserve for callers with little in flight is used up too: then `enter` lets nothing in. */
  isExhausted(): boolean;
  /** The limit and what is in flight, in decisions. */
  state(): { readonly limit: number; readonly inFlight: number };
}

export interface LoadLimitOptions {
  readonly nowMs?: () => number;
  readonly least: number;
  readonly most: number;
  /** How much callers with less in flight than others may have beyond the limit, as a share of it; none unless given. */
  readonly reserve?: number;
}

/** A longer time means a queue in the event loop or in the store. Callers wait half a second or more. */
const SLOW_MS = 100;

/** TCP halves; less is enough here, as decreases can come ten times a second. */
const DECREASE = 0.9;

/** For each decision: about one more per round trip at the rate of a busy daemon. */
const INCREASE = 0.1;

/**
 * Bounds what is in flight by how long requests take: more while they are answered quickly, a tenth less after a slow one
 * (additive increase, multiplicative decrease: D. Chiu and R. Jain, 1989; for services: AIMDLimit of Netflix's
 * concurrency-limits). Like TCP, it decreases once per round trip: a request that began before the last decrease shows
 * nothing new, so one pause of the process costs a tenth and not everything.
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

  function learn(ending: Ending, { startMs, weight }: { startMs: number; weight: number }): void {
    const ms = nowMs();
    const isSlow = ms - startMs >= SLOW_MS;
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
          // The last request may exceed the limit, or a large batch would never find room.
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
