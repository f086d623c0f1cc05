import type { DecideOnPast } from '../quota/replay';
import { createMemoryLimits } from './limits';

const US_PER_MS = 1000;

/** Decides requests of the past in memory, each at its own time, from nothing taken on. */
export function createPastDecider(): DecideOnPast {
  let nowUs = 0;
  const limits = createMemoryLimits({ nowUs: () => nowUs });
  return ({ subject, cost, timeMs }, policy) => {
    nowUs = Math.round(timeMs * US_PER_MS);
    return limits.admit({ subject, policy: policy.name, cost, requestId: undefined }, policy).admitted;
  };
}
