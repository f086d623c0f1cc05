import type { Account, Context } from '../accounts';
import { REMEMBERED_DENIAL_US } from '../changes';
import type { Attempt } from '../history';
import { isCharge, isDenial } from '../outcomes';
import { createFinding, type Finding } from '../violations';

/** What the store decided lies between sending and answer, and before the deadline of its caller. */
export function checkTimes(accounts: readonly Account[], context: Context): Finding {
  const { violate, result } = createFinding('times');
  let checked = 0;
  for (const { attempts } of accounts)
    for (const attempt of attempts) {
      checked += 1;
      const fault = faultOf(attempt, context);
      if (fault !== undefined) violate(`${attempt.place}: ${fault}`);
    }
  return result(`${checked} attempts`);
}

function faultOf(attempt: Attempt, { clock }: Context): string | undefined {
  const { sentUs, answeredUs, answer, sent } = attempt;
  if (answeredUs < sentUs) return 'answered before it was sent';
  if (answer?.error === 'DeadlinePassed') return refusalFaultOf(attempt, clock);
  if (!isCharge(attempt) && !isDenial(attempt)) return undefined;
  const decidedUs = answer?.decidedUs ?? 0;
  // A denial that is remembered shows the clock as it went on from the first one.
  const range = isDenial(attempt)
    ? clock.rangeGoingOn({ sentUs: sentUs - REMEMBERED_DENIAL_US, answeredUs })
    : clock.rangeOf({ sentUs, answeredUs });
  if (decidedUs < range.earliestUs || decidedUs > range.latestUs)
    return `decided at ${decidedUs}, but asked from ${range.earliestUs} to ${range.latestUs} by the clock of the store`;
  if (!isCharge(attempt) || sent.deadlineUs === undefined) return undefined;
  const byDeadline = { sentUs: Math.min(sentUs, sent.deadlineUs), answeredUs: sent.deadlineUs };
  const latest = clock.rangeOf(byDeadline).latestUs;
  return decidedUs > latest ? `taken ${decidedUs - latest} us after its deadline` : undefined;
}

/** A request whose caller still waits is refused for its deadline only once that has passed. */
function refusalFaultOf(attempt: Attempt, clock: Context['clock']): string | undefined {
  const { answeredUs, answer, sent } = attempt;
  // Once the clock was set, a daemon learns its time only from answers, and takes nothing that might be too late.
  if (answer?.isGivenUp || clock.soleEpoch(attempt) === undefined) return undefined;
  const isEarly = sent.deadlineUs === undefined || answeredUs < sent.deadlineUs - clock.toleranceUs;
  return isEarly ? 'refused for its deadline, which had not passed' : undefined;
}
