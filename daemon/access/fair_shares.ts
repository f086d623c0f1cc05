import type { Identity } from './identities';

/** Whose request it is: a name, and a weight among the others. */
export type Caller = Pick<Identity, 'name' | 'weight'>;

/** One request of a caller in flight. */
export interface Share {
  /** It holds so many decisions instead of one. */
  weigh(decisionCount: number): void;
  /** To be called once it has ended; any further time it does nothing. */
  leave(): void;
}

/** What each caller has in flight, and so who is refused first if it is too much. */
export interface FairShares {
  enter(caller: Caller): Share;
  /**
   * Whether no other caller has more in flight, by weight. Under overload such a caller is refused, and whoever has less
   * is let in: all come to the same share by weight, or to what they ask for (weighted max-min fairness: D. Bertsekas and
   * R. Gallager, "Data Networks", 1992, 6.5.2). A caller that is not known is refused first.
   */
  isFirstToRefuse(caller: Caller | undefined): boolean;
}

interface InFlight {
  decisions: number;
  weight: number;
}

export function createFairShares(): FairShares {
  const callers = new Map<string, InFlight>();

  function change(name: string, by: number): void {
    const own = callers.get(name);
    if (own === undefined) return;
    own.decisions += by;
    // Only those with something in flight are looked at.
    if (own.decisions <= 0) callers.delete(name);
  }

  return {
    enter({ name, weight = 1 }) {
      const own = callers.get(name) ?? { decisions: 0, weight };
      callers.set(name, own);
      own.weight = weight;
      let held = 1;
      own.decisions += held;
      return {
        weigh(decisionCount) {
          if (held === 0) return;
          change(name, decisionCount - held);
          held = decisionCount;
        },
        leave() {
          change(name, -held);
          held = 0;
        },
      };
    },

    isFirstToRefuse(caller) {
      if (caller === undefined) return true;
      const { name, weight = 1 } = caller;
      const ownLoad = (callers.get(name)?.decisions ?? 0) / weight;
      for (const { decisions, weight } of callers.values()) if (decisions / weight > ownLoad) return false;
      return true;
    },
  };
}
