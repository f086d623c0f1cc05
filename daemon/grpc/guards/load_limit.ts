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
  /** Sets how many decisions it holds, instead of one. False if the limit, or also the reserve, is exceeded already. */
  weigh(decisionCount: number, options: { readonly mayUseReserve: boolean }): boolean;
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
  /** The least if callers give up; `least` unless given. */
  readonly leastGivenUp?: number;
  readonly most: number;
  /** How much callers with less in flight than others may have beyond the limit, as a share of it; none unless given. */
  readonly reserve?: number;
}

/** A longer time means a queue in the event loop or in the store. Callers wait half a second or more. */
const SLOW_MS = 100;

/** TCP halves; less is enough here, as decreases can come ten times a second. */
const DECREASE = 0.9;

/** Callers that give up wait for something else as well: by halving, their share falls within some round trips. */
const DECREASE_GIVEN_UP = 0.5;

/** A larger share of callers that give up is overload: a few always leave, or ask two daemons and take the first answer. */
const GIVEN_UP_SHARE = 0.05;

/** The share is an average of about so many requests, so a few callers that leave one after the other change nothing. */
const REMEMBERED_REQUESTS = 128;

/** For each decision: about one more per round trip at the rate of a busy daemon. */
const INCREASE = 0.1;

/**
 * Bounds what is in flight by how long requests take: more while they are answered quickly, a tenth less after a slow one
 * (additive increase, multiplicative decrease: D. Chiu and R. Jain, 1989; for services: AIMDLimit of Netflix's
 * concurrency-limits). Like TCP, it decreases once per round trip: a request that began before the last decrease shows
 * nothing new, so one pause of the process costs a tenth and not everything. If callers give up, however quickly, the
 * queue cannot be seen: it is in their own connections, or in the socket. Then the limit halves.
 */
export function createLoadLimit({
  nowMs = () => performance.now(),
  least,
  leastGivenUp = least,
  most,
  reserve = 0,
}: LoadLimitOptions): LoadLimit {
  let limit = most;
  let inFlight = 0;
  let decreasedMs = Number.NEGATIVE_INFINITY;
  /** The share of requests whose callers gave up, of late. */
  let givenUp = 0;

  function decrease(factor: number, atLeast: number): void {
    limit = Math.min(limit, Math.max(atLeast, limit * factor));
    decreasedMs = nowMs();
  }

  function learn(ending: Ending, { startMs, weight }: { startMs: number; weight: number }): void {
    if (ending === 'failed') return;
    const isDropped = ending === 'dropped';
    givenUp += (Number(isDropped) - givenUp) / REMEMBERED_REQUESTS;
    const areGivingUp = givenUp > GIVEN_UP_SHARE;
    const isSlow = nowMs() - startMs >= SLOW_MS;
    if (!isDropped && !isSlow && !areGivingUp) limit = Math.min(most, limit + INCREASE * weight);
    if (startMs <= decreasedMs) return;
    if (isDropped && areGivingUp) decrease(DECREASE_GIVEN_UP, leastGivenUp);
    else if (isSlow) decrease(DECREASE, least);
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
        weigh(decisionCount, { mayUseReserve }) {
          const bound = mayUseReserve ? limit * (1 + reserve) : limit;
          // The last request may exceed the bound, or a large batch would never find room.
          if (decisionCount > weight && inFlight > bound) return false;
          inFlight += decisionCount - weight;
          weight = decisionCount;
          return true;
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
