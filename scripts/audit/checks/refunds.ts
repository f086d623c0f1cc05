import { type Account, type Context, groupBy } from '../accounts';
import { isMade } from '../changes';
import type { Attempt, Refund } from '../history';
import { isAdmittedLocally, isCharge, isRepeat, isUnknown } from '../outcomes';
import { mayHaveLost } from '../takings';
import { createFinding, type Finding } from '../violations';
import { returnable } from './ids';

interface Question {
  readonly account: Account;
  readonly context: Context;
  /** All of one request. */
  readonly attempts: readonly Attempt[];
  readonly refunds: readonly Refund[];
  readonly violate: (message: string) => void;
}

/** What was taken is given back once, what was never taken is not, and a refunded request is not admitted again. */
export function checkRefunds(accounts: readonly Account[], context: Context): Finding {
  const { violate, result } = createFinding('refunds');
  let count = 0;
  for (const account of accounts) {
    const attempts = groupBy(account.attempts, ({ sent }) => sent.id ?? '');
    for (const [id, refunds] of groupBy(account.refunds, ({ sent }) => sent.id)) {
      count += refunds.length;
      const question = { account, context, attempts: attempts.get(id) ?? [], refunds, violate };
      for (const check of [checkOnce, checkTaken, checkUnknown, checkAfter]) check(question);
    }
  }
  return result(`${count} refunds`);
}

function isGivenBack({ answer }: Refund): boolean {
  return answer?.isRefunded === true;
}

function checkOnce({ account, context, refunds, violate }: Question): void {
  const [first, ...more] = refunds
    .filter((each) => isGivenBack(each) && isMade(each) && !context.settling.mayBeLost(each))
    .toSorted((a, b) => a.sentUs - b.sentUs);
  for (const second of more)
    if (first && !account.changes.mayBeErased({ id: first.sent.id, span: first }, second))
      violate(`${second.place}: id ${second.sent.id} is refunded, and was at ${first.place}`);
}

function checkTaken({ account, attempts, refunds, violate }: Question): void {
  for (const refund of refunds.filter(isGivenBack)) {
    const { place, answer, sent } = refund;
    const taken = attempts.filter((each) => mayHaveTaken(each) && each.sentUs < refund.answeredUs);
    const isWritten = account.restores.some((each) => each.sent.id === sent.id);
    if (taken.length === 0 && !isWritten) violate(`${place}: id ${sent.id} is refunded, and was never taken`);
    else if (answer?.cost !== 0 && taken.length > 0 && !taken.some((each) => each.sent.cost === answer?.cost))
      violate(`${place}: ${answer?.cost} is refunded, not ${taken[0]?.sent.cost}`);
  }
}

/** What was certainly taken is known when it is refunded. */
function checkUnknown({ account, context, attempts, refunds, violate }: Question): void {
  for (const refund of refunds.filter(({ answer }) => answer?.error === 'UnknownRequest')) {
    const charge = attempts.find(
      (each) =>
        (isCharge(each) || isRepeat(each)) &&
        each.answeredUs < refund.sentUs &&
        refund.answeredUs - each.sentUs < each.policy.rememberUs &&
        !mayHaveLost(each, context.settling) &&
        !account.changes.mayBeErased(returnable(each), refund),
    );
    if (charge)
      violate(`${refund.place}: id ${refund.sent.id} is called unknown, and was taken at ${charge.place}`);
  }
}

function checkAfter({ account, context, attempts, refunds, violate }: Question): void {
  const [refund] = refunds.filter((each) => isMade(each) && !context.settling.mayBeLost(each));
  if (refund === undefined) return;
  for (const attempt of attempts.filter((each) => isCharge(each) || isRepeat(each)))
    if (
      attempt.sentUs > refund.answeredUs &&
      attempt.answeredUs - refund.sentUs < attempt.policy.rememberUs &&
      !account.changes.mayBeErased({ id: refund.sent.id, span: refund }, attempt)
    )
      violate(`${attempt.place}: id ${refund.sent.id} is admitted, and was refunded at ${refund.place}`);
}

function mayHaveTaken(attempt: Attempt): boolean {
  return isCharge(attempt) || isRepeat(attempt) || isUnknown(attempt) || isAdmittedLocally(attempt);
}
