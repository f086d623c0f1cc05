import { DeadlinePassed } from '../quota/errors';
import type { Patience } from '../quota/store';

/** Throws `DeadlinePassed` if the caller no longer waits. */
export function requirePatience({ deadlineMs, isGivenUp }: Patience): void {
  if (isGivenUp?.() || (deadlineMs !== undefined && performance.now() >= deadlineMs))
    throw new DeadlinePassed();
}
