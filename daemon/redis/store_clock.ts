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
  /** The largest error of the offset. */
  readonly errorUs: number;
}

export interface StoreClock {
  /** Takes note of a reply. */
  observe(reading: ClockReading): void;
  /**
   * Converts a moment of `performance.now()` to the store's clock: never later than the real moment, and earlier by the
   * error at most. Undefined if nothing was read on this connection yet.
   */
  deadlineUs(monotonicMs: number): number | undefined;
  /** What is known now; undefined if nothing was read on this connection yet. */
  estimate(): ClockEstimate | undefined;
  /** The connection was reopened: another server may answer, so nothing known applies to it. */
  reset(): void;
}

export interface StoreClockOptions {
  readonly nowMs?: () => number;
  /** Called with how far the store's clock jumped forward (backward if negative) from what was expected. */
  readonly onJump: (jumpUs: number) => void;
}

const US_PER_MS = 1000;

/**
 * The rate at which two clocks may drift apart: `adjtime` and ntpd change a clock's speed by at most 500 ppm, and both
 * clocks may be affected.
 */
const DRIFT_US_PER_MS = 1;

/** A smaller error is corrected slowly, not by a step (ntpd's step threshold is 128 ms), and does not affect limits. */
const LEAST_JUMP_US = 100_000;

interface Sample {
  readonly offsetUs: number;
  readonly errorUs: number;
  readonly takenMs: number;
}

/**
 * Estimates a store's clock from its replies: the store read it between sending and receiving, so the middle is wrong by
 * half of the round trip at most (F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989). The
 * best reading is used until, with the drift added, it is worse than a new one.
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

/** How far a new reading is outside the range that an old one allows; 0 if inside, negative if behind. */
function contradiction(old: Sample, fresh: Sample): number {
  const differenceUs = fresh.offsetUs - old.offsetUs;
  const excessUs = Math.abs(differenceUs) - fresh.errorUs - errorAt(old, fresh.takenMs);
  return excessUs > 0 ? Math.sign(differenceUs) * excessUs : 0;
}
