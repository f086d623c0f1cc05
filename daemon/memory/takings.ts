/** One admitted request, or tokens that no request is known of. */
export interface Taking {
  readonly id: string | undefined;
  /** How many tokens it took. */
  readonly cost: number;
  readonly atUs: number;
  /** False once an operator has given it back, and if no limit of the policy counted requests then. */
  isCounted: boolean;
  /** True once the request was refunded: it stays remembered. */
  isRefunded?: boolean;
}

/** What one subject has taken from one policy, in the order of time: it is the memory of the request ids too. */
export interface Takings {
  find(id: string): Taking | undefined;
  /** Adds the newest one. */
  add(taking: Taking): void;
  /** The tokens taken in a window that ends now, but for those that were given back. */
  countWithin(windowUs: number, nowUs: number): number;
  /** When the n-th newest of the tokens that count was taken; there must be so many. */
  newestUs(n: number): number;
  /** Gives back all tokens taken in a window that ends now; their requests stay remembered. */
  giveBack(windowUs: number, nowUs: number): void;
  /** Forgets what was taken at or before a moment. */
  forget(untilUs: number): void;
}

/** The requests that are remembered if nothing else bounds them: those of a policy whose limits are all shadows. */
const MOST_REQUESTS = 100_000;

/** Forgotten entries are removed from the front in one go, once there are so many and they are half of all. */
const COMPACTED_FROM = 32;

export function createTakings(): Takings {
  let list: Taking[] = [];
  let first = 0;
  const byId = new Map<string, Taking>();

  function dropFirst(): void {
    const dropped = list[first];
    first += 1;
    if (dropped?.id !== undefined) byId.delete(dropped.id);
  }

  function compact(): void {
    if (first < COMPACTED_FROM || first * 2 < list.length) return;
    list = list.slice(first);
    first = 0;
  }

  /** Visits what counts, the newest first, until `visit` returns false. */
  function walkBack(visit: (taking: Taking) => boolean): void {
    for (let at = list.length - 1; at >= first; at -= 1) {
      const taking = list[at];
      if (taking?.isCounted && !visit(taking)) return;
    }
  }

  return {
    find: (id) => byId.get(id),

    add(taking) {
      list.push(taking);
      if (taking.id !== undefined) byId.set(taking.id, taking);
      if (list.length - first > MOST_REQUESTS) dropFirst();
      compact();
    },

    countWithin(windowUs, nowUs) {
      let count = 0;
      walkBack(({ atUs, cost }) => {
        if (atUs <= nowUs - windowUs) return false;
        count += cost;
        return true;
      });
      return count;
    },

    newestUs(n) {
      let left = n;
      let foundUs = 0;
      walkBack(({ atUs, cost }) => {
        left -= cost;
        foundUs = atUs;
        return left > 0;
      });
      return foundUs;
    },

    giveBack(windowUs, nowUs) {
      walkBack((taking) => {
        const isWithin = taking.atUs > nowUs - windowUs;
        if (isWithin) taking.isCounted = false;
        return isWithin;
      });
    },

    forget(untilUs) {
      while ((list[first]?.atUs ?? Number.POSITIVE_INFINITY) <= untilUs) dropFirst();
      compact();
    },
  };
}
