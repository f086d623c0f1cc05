/** The pauses of a loop. */
export type Pauses = {
  /** Ends the current pause that a nudge may end; if there is none, the next one ends at once. */
  nudge(): void;
  untilNudged(limitMs: number): Promise<void>;
  /** A pause that a nudge does not end. */
  unbroken(ms: number): Promise<void>;
  /** Ends the current pause, of either kind, and every later one. */
  end(): void;
};

export function createPauses(): Pauses {
  let isEnded = false;
  let isNudged = false;
  let isNudgeable = false;
  let wake: () => void = () => undefined;

  function pause(ms: number): Promise<void> {
    if (isEnded) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    nudge() {
      isNudged = true;
      if (isNudgeable) wake();
    },
    async untilNudged(limitMs) {
      isNudgeable = true;
      // A nudge during the loop's work counts.
      if (!isNudged) await pause(limitMs);
      isNudgeable = false;
      isNudged = false;
    },
    unbroken: pause,
    end() {
      isEnded = true;
      wake();
    },
  };
}
