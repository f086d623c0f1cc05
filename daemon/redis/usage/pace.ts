/** How much of a partition's logs one step handles: less than a millisecond's work for Redis. */
export interface Pace {
  /** Pairs of subject and cost; of folding, over all windows. */
  readonly budget: number;
  /** Records a step: how long it took Redis (0 if unknown), and whether there was more to do. */
  note(step: { readonly tookUs: number; readonly hasMore: boolean }): void;
}

export interface Budgets {
  readonly first: number;
  readonly least: number;
  /** More would gain nothing: the step itself is then a small part of the work. */
  readonly most: number;
  /**
   * How long a step should take: less than half of the two milliseconds that a command may take, as pairs differ in work, and a
   * step ends with a whole entry.
   */
  readonly targetUs: number;
}

/**
 * At first, a step takes less than a millisecond with few users, and about two with a million. At least one whole entry of
 * two windows: with less, a busy machine, on which each step looks long, would fall behind.
 */
const OF_FOLDING: Budgets = { first: 128, least: 64, most: 512, targetUs: 800 };

const INCREASE = 16;

/** The smallest factor for one decrease: a single pause of Redis's machine costs no more than half. */
const LARGEST_DECREASE = 0.5;

/**
 * Adapts the size of a step to the number of users, the windows and the machine: somewhat more after each short step,
 * proportionally less after a long one (as congestion control does: D. Chiu and R. Jain, 1989).
 */
export function createPace({ first, least, most, targetUs } = OF_FOLDING): Pace {
  let budget = first;
  return {
    get budget() {
      return budget;
    },
    note({ tookUs, hasMore }) {
      if (tookUs === 0) return;
      if (tookUs > targetUs) {
        const share = Math.max(LARGEST_DECREASE, targetUs / tookUs);
        budget = Math.max(least, Math.floor(budget * share));
      } else if (hasMore) {
        budget = Math.min(most, budget + INCREASE);
      }
    },
  };
}
