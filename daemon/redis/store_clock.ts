/** One reply of the store that carried its clock. */
export interface ClockReading {
  /** `performance.now()` when the command was sent. */
  readonly sentMs: number;
  /** `performance.now()` when its reply was read. */
  readonly receivedMs: number;
  /** The store's clock, in microseconds, at a moment between the two. */
  readonly storeUs: number;
}

/** How far the store's clock is ahead of `performance.now()`. */
export interface ClockEstimate {
  readonly offsetUs: number;
  /** The offset is wrong by this at most. */
  readonly errorUs: number;
}

export interface StoreClock {
  /** Takes note of a reply. */
  observe(reading: ClockReading): void;
  /**
   * A moment of `performance.now()` by the store's clock: never later than the real one, and earlier by the error at
   * most. Undefined if nothing was read on this connection yet.
   */
  deadlineUs(monotonicMs: number): number | undefined;
  /** What is known now; undefined if nothing was read on this connection yet. */
  estimate(): ClockEstimate | undefined;
  /** The connection was made anew: another server may answer, so nothing known holds for it. */
  reset(): void;
}

export interface StoreClockOptions {
  readonly nowMs?: () => number;
  /** Is called with how far the store's clock went forward, or back if negative, against what must have been. */
  readonly onJump: (jumpUs: number) => void;
}

const US_PER_MS = 1000;

/** The rate at which two clocks may part: `adjtime` and ntpd turn a clock faster or slower by 500 ppm at most, and both may. */
const DRIFT_US_PER_MS = 1;

/** A clock that is off by less is turned slowly, not set (ntpd's step threshold is 128 ms), and no limit notices. */
const LEAST_JUMP_US = 100_000;

interface Sample {
  readonly offsetUs: number;
  readonly errorUs: number;
  readonly takenMs: number;
}

/**
 * Estimates a store's clock from its replies: the store read it between sending and receiving, so the middle is wrong
 * by half of the round trip at most (F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989).
 * The best reading counts until, aged by what clocks drift, it is worse than a new one.
 */
export function createStoreClock({ nowMs = () => performance.now(), onJump }: StoreClockOptions): StoreClock {
  let best: Sample | undefined;
  // After a reset the reading of another connection still shows whether the clock has jumped.
  let isOfThisConnection = false;

  return {
    observe(reading) {
      const sample = toSample(reading);
      const contradictionUs = best === undefined ? 0 : contradiction(best, sample);
      if (Math.abs(contradictionUs) >= LEAST_JUMP_US) onJump(contradictionUs);
      if (
        best === undefined ||
        !isOfThisConnection ||
        contradictionUs !== 0 ||
        sample.errorUs <= errorAt(best, sample.takenMs)
      )
        best = sample;
      isOfThisConnection = true;
    },

    deadlineUs(monotonicMs) {
      if (best === undefined || !isOfThisConnection) return undefined;
      return Math.floor(monotonicMs * US_PER_MS + best.offsetUs - errorAt(best, monotonicMs));
    },

    estimate() {
      if (best === undefined || !isOfThisConnection) return undefined;
      return { offsetUs: best.offsetUs, errorUs: errorAt(best, nowMs()) };
    },

    reset() {
      isOfThisConnection = false;
    },
  };
}

function toSample({ sentMs, receivedMs, storeUs }: ClockReading): Sample {
  return {
    offsetUs: storeUs - ((sentMs + receivedMs) / 2) * US_PER_MS,
    // The store's clock counts whole microseconds.
    errorUs: ((receivedMs - sentMs) / 2) * US_PER_MS + 1,
    takenMs: receivedMs,
  };
}

function errorAt({ errorUs, takenMs }: Sample, ms: number): number {
  return errorUs + Math.max(0, ms - takenMs) * DRIFT_US_PER_MS;
}

/** By how much a new reading lies outside of what an old one allows; 0 if it lies within, negative if it is behind. */
function contradiction(old: Sample, fresh: Sample): number {
  const differenceUs = fresh.offsetUs - old.offsetUs;
  const excessUs = Math.abs(differenceUs) - fresh.errorUs - errorAt(old, fresh.takenMs);
  return excessUs > 0 ? Math.sign(differenceUs) * excessUs : 0;
}
