import type { Account, Context } from '../accounts';
import type { Attempt } from '../history';
import { isCharge } from '../outcomes';
import { createFinding, type Finding } from '../violations';
import { returnable } from './ids';
import { type DecidedLimit, enforcedLimits } from './limits';

interface Moment {
  readonly attempt: Attempt;
  /** By a clock that was never set. */
  readonly realUs: number;
  readonly epoch: number;
}

/** How much more than its limit was taken in one window of real time. */
interface Excess {
  readonly excess: number;
  readonly bound: number;
  readonly place: string;
}

/**
 * A clock that is set forwards frees windows early: once more the limit for each such step in a window of real time. How
 * much more was admitted is noted. Without steps, windows of real time are those of the store.
 */
export function checkSteps(accounts: readonly Account[], context: Context): Finding {
  const { violate, result } = createFinding('clock steps');
  const { stepCount } = context.clock;
  const found = stepCount === 0 ? [] : accounts.flatMap((account) => excessesOf(account, context));
  for (const { excess, bound, place } of found)
    if (excess > bound)
      violate(`${place}: ${excess} more than the limit in a window of real time, of ${bound} at most`);
  const [most] = found.toSorted((a, b) => b.excess - a.excess);
  if (most === undefined) return result(`${stepCount} steps`);
  const { excess, bound, place } = most;
  const note = `most beyond a limit in one window of real time: ${excess}, of ${bound} that steps forwards allow (${place})`;
  return result(`${stepCount} steps`, [note]);
}

/** Each window of a subject that holds a step forwards, and more than the limit. */
function excessesOf({ attempts, changes }: Account, { clock }: Context): Excess[] {
  const moments = attempts.filter(isCharge).flatMap((attempt): Moment[] => {
    const decidedUs = attempt.answer?.decidedUs ?? 0;
    const epoch = clock.epochOf(attempt, decidedUs);
    return epoch === undefined ? [] : [{ attempt, epoch, realUs: clock.realUs(decidedUs, epoch) }];
  });
  return moments.flatMap((moment) =>
    enforcedLimits(moment.attempt, 'sliding-window').flatMap((limit): Excess[] => {
      const within = moments.filter(
        ({ realUs, attempt }) =>
          realUs > moment.realUs - limit.windowUs &&
          realUs <= moment.realUs &&
          !changes.mayBeGivenBack(returnable(attempt), moment.attempt),
      );
      const from = Math.min(...within.map(({ epoch }) => epoch));
      const steps = clock.forwardSteps({ from, to: moment.epoch });
      const excess = within.reduce((sum, { attempt }) => sum + attempt.sent.cost, -limit.limit);
      const bound = largestOf(moments, limit) * steps;
      return steps > 0 && excess > 0 ? [{ excess, bound, place: moment.attempt.place }] : [];
    }),
  );
}

/** The largest size that a limit had: what was admitted before a step may have been by another. */
function largestOf(moments: readonly Moment[], { name }: DecidedLimit): number {
  const sizes = moments.flatMap(
    ({ attempt }) => attempt.answer?.limits?.filter((limit) => limit.name === name) ?? [],
  );
  return Math.max(...sizes.map(({ limit }) => limit));
}
