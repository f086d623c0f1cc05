/** The pauses of a loop. */
export type Pauses = {
  /** Ends the present pause that a nudge may end, or else makes the next one end at once. */
  nudge(): void;
  untilNudged(limitMs: number): Promise<void>;
  /** A pause that a nudge does not end. */
  unbroken(ms: number): Promise<void>;
  /** Ends the present pause, whichever it is, and every later one. */
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
      // A nudge that came while the loop was at work counts.
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
