import { HOURS_KEPT_MS } from '../quota/retention';
import { HOUR_MS, type HourlyDecisions, lastHours, type PolicyDecisions } from '../quota/usage';

/** How often each policy decided each way, by the hour. */
export interface Hours {
  count(policy: string, what: 'admittedCount' | 'deniedCount' | 'refundedCount', nowMs: number): void;
  read(hourCount: number, policies: readonly string[], readTimeMs: number): HourlyDecisions[];
}

type Counts = { -readonly [Key in keyof PolicyDecisions]: PolicyDecisions[Key] };

export function createHours(): Hours {
  /** By the hour's beginning, then by policy. */
  const hours = new Map<number, Map<string, Counts>>();

  function hourOf(nowMs: number): Map<string, Counts> {
    const startMs = nowMs - (nowMs % HOUR_MS);
    const known = hours.get(startMs);
    if (known !== undefined) return known;
    for (const oldMs of hours.keys()) if (oldMs < startMs - HOURS_KEPT_MS) hours.delete(oldMs);
    const added = new Map<string, Counts>();
    hours.set(startMs, added);
    return added;
  }

  return {
    count(policy, what, nowMs) {
      const hour = hourOf(nowMs);
      const counts = hour.get(policy) ?? noneOf(policy);
      hour.set(policy, counts);
      counts[what] += 1;
    },

    read: (hourCount, policies, readTimeMs) =>
      lastHours(hourCount, readTimeMs).map((startTimeMs) => ({
        startTimeMs,
        policies: policies.map((policy) => hours.get(startTimeMs)?.get(policy) ?? noneOf(policy)),
      })),
  };
}

function noneOf(policy: string): Counts {
  return { policy, admittedCount: 0, deniedCount: 0, refundedCount: 0 };
}
