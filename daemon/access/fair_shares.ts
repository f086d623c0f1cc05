import type { Identity } from './identities';

/** The caller of a request: its name and its weight. */
export type Caller = Pick<Identity, 'name' | 'weight'>;

/** One request of a caller in flight. */
export interface Share {
  /** Sets how many decisions it holds, instead of one. */
  weigh(decisionCount: number): void;
  /** Whether its caller would be rejected first, by what it has in flight without this request. */
  isFirstToRefuse(): boolean;
  /** Must be called once it has ended; further calls do nothing. */
  leave(): void;
}

/** Counts what each caller has in flight, and so who is rejected first under overload. */
export interface FairShares {
  enter(caller: Caller): Share;
  /**
   * Whether no other caller has more in flight, by weight. Under overload such a caller is rejected, and one with less is
   * let in: all get the same share by weight, or what they ask for (weighted max-min fairness: D. Bertsekas and R.
   * Gallager, "Data Networks", 1992, 6.5.2). An unknown caller is rejected first.
   */
  isFirstToRefuse(caller: Caller | undefined): boolean;
}

interface InFlight {
  decisions: number;
  weight: number;
}

export function createFairShares(): FairShares {
  const callers = new Map<string, InFlight>();

  function isFirst(name: string, ownLoad: number): boolean {
    for (const [other, { decisions, weight }] of callers)
      if (other !== name && decisions / weight > ownLoad) return false;
    return true;
  }

  function change(name: string, by: number): void {
    const own = callers.get(name);
    if (own === undefined) return;
    own.decisions += by;
    // Only callers with something in flight are checked.
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
        isFirstToRefuse: () => isFirst(name, (own.decisions - held) / own.weight),
        leave() {
          change(name, -held);
          held = 0;
        },
      };
    },

    isFirstToRefuse(caller) {
      if (caller === undefined) return true;
      const { name, weight = 1 } = caller;
      return isFirst(name, (callers.get(name)?.decisions ?? 0) / weight);
    },
  };
}
