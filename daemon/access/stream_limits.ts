/** A client watches its own connection's health, perhaps some decisions: a handful. */
const PER_CONNECTION = 16;

/** About 13 kB each. */
const TOTAL = 1000;

/** Limits the streams that go on until their caller ends them. */
export interface StreamLimits {
  /** Counts one of this connection; answers how to give it back, or nothing if there are too many. */
  take(connection: string): (() => void) | undefined;
}

export function createStreamLimits({ perConnection = PER_CONNECTION, total = TOTAL } = {}): StreamLimits {
  const open = new Map<string, number>();
  let all = 0;

  function step(connection: string, by: 1 | -1): void {
    all += by;
    const count = (open.get(connection) ?? 0) + by;
    if (count === 0) open.delete(connection);
    else open.set(connection, count);
  }

  return {
    take(connection) {
      if (all >= total || (open.get(connection) ?? 0) >= perConnection) return undefined;
      let isTaken = true;
      step(connection, 1);
      return () => {
        if (isTaken) step(connection, -1);
        isTaken = false;
      };
    },
  };
}
