import type { Account, Context } from '../accounts';
import type { Attempt } from '../history';
import { isCharge } from '../outcomes';
import type { Taking } from '../takings';
import { createFinding, type Finding } from '../violations';
import { enforcedLimits } from './limits';

/** In each window that ends with an admission, no more was taken than the limit that decided on it. */
export function checkWindows(accounts: readonly Account[], context: Context): Finding {
  const { violate, result } = createFinding('windows');
  let checked = 0;
  for (const account of accounts)
    for (const attempt of account.attempts.filter(isCharge))
      for (const { name, limit, windowUs } of enforcedLimits(attempt, 'sliding-window')) {
        const taken = takenWithin({ account, attempt, windowUs }, context);
        if (taken === undefined) continue;
        checked += 1;
        if (taken > limit)
          violate(
            `${attempt.place}: ${taken} taken of ${limit} in a window of ${name}, subject ${account.subject}, policy ${account.policy}`,
          );
      }
  return result(`${checked} windows that end with an admission`);
}

interface Window {
  readonly account: Account;
  readonly attempt: Attempt;
  readonly windowUs: number;
}

/** What is certain to have been taken in the window that ends with a charge, the charge included; undefined if its time is not known. */
function takenWithin({ account, attempt, windowUs }: Window, { clock }: Context): number | undefined {
  const endUs = attempt.answer?.decidedUs ?? 0;
  const epoch = clock.epochOf(attempt, endUs);
  if (epoch === undefined) return undefined;
  const moment = { attempt, endUs, epoch };
  return account.takings
    .filter((taking) => {
      // Its own counts also if the store may have lost it since.
      if (taking.place === attempt.place) return true;
      if (!taking.isCertain || taking.epoch === undefined || !isBefore(taking, moment)) return false;
      const earliestUs = clock.redatedUs(taking.earliestUs, { from: taking.epoch, to: epoch });
      return earliestUs > endUs - windowUs && !account.changes.mayBeGivenBack(taking, attempt);
    })
    .reduce((sum, { cost }) => sum + cost, 0);
}

/** A decision, when it was made, and after how many steps of the store's clock. */
interface Moment {
  readonly attempt: Attempt;
  readonly endUs: number;
  readonly epoch: number;
}

/** Whether the store held a taking when it made a decision. */
export function isBefore(taking: Taking, { attempt, endUs, epoch }: Moment): boolean {
  if (taking.epoch === undefined || taking.epoch > epoch) return false;
  if (!taking.isDated) return taking.certainFromUs < attempt.sentUs && taking.latestUs <= endUs;
  return taking.epoch < epoch || taking.latestUs <= endUs;
}
