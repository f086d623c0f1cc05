import type { Account } from '../accounts';
import type { Attempt } from '../history';
import { isDenial } from '../outcomes';
import { createFinding, type Finding } from '../violations';
import { bucketAtMost } from './buckets';
import { type DecidedLimit, enforcedLimits } from './limits';

/** Each denial of the store has a limit that cannot have had room for it, all that may have been taken included. */
export function checkDenials(accounts: readonly Account[]): Finding {
  const { violate, result } = createFinding('denials');
  let checked = 0;
  for (const account of accounts)
    for (const attempt of account.attempts.filter(isDenial)) {
      checked += 1;
      if (hasCause(account, attempt)) continue;
      const { subject, policy } = account;
      violate(`${attempt.place}: denied though there was room, subject ${subject}, policy ${policy}`);
    }
  return result(`${checked} denials`);
}

function hasCause(account: Account, attempt: Attempt): boolean {
  const { cost } = attempt.sent;
  return (
    enforcedLimits(attempt, 'sliding-window').some(
      (limit) => mostTaken(account, attempt, limit) + cost > limit.limit,
    ) ||
    enforcedLimits(attempt, 'token-bucket').some(
      (limit) => bucketAtMost({ account, attempt, limit }) + cost > limit.limit,
    )
  );
}

/** The most that can have been out of a window when a decision was made. */
function mostTaken({ takings, changes }: Account, attempt: Attempt, limit: DecidedLimit): number {
  const startUs = (attempt.answer?.decidedUs ?? 0) - limit.windowUs;
  return takings
    .filter(
      (taking) =>
        taking.latestUs > startUs &&
        taking.span.sentUs <= attempt.answeredUs &&
        !changes.isGivenBack(taking, attempt, limit.windowUs),
    )
    .reduce((sum, { cost }) => sum + cost, 0);
}
