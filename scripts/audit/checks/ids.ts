import { type Account, type Context, groupBy } from '../accounts';
import type { Returnable } from '../changes';
import { mayForgetCall } from '../erased_calls';
import type { Attempt, Call, Operation } from '../history';
import { isAdmittedLocally, isCharge, isRepeat, isUnknown } from '../outcomes';
import { mayHaveLost } from '../takings';
import { createFinding, type Finding } from '../violations';
import { deniedAfterCharge } from './denied_ids';

type Violate = (message: string) => void;

/** No request id is charged twice, or denied once it was charged, and none is called a repeat of what was never taken. */
export function checkIds(accounts: readonly Account[], context: Context): Finding {
  const { violate, result } = createFinding('request ids');
  let count = 0;
  for (const account of accounts) {
    const { attempts, changes } = account;
    const named = attempts.filter(({ sent }) => sent.id !== undefined);
    for (const tries of groupBy(named, ({ sent }) => sent.id ?? '').values()) {
      count += 1;
      checkCharges(tries, { context, changes, violate });
      checkRepeats(tries, violate);
      checkLocal(tries, { changes, violate });
      for (const [denial, charge] of deniedAfterCharge({ account, context, tries }))
        violate(`${denial.place}: id ${denial.sent.id} is denied, and was charged at ${charge.place}`);
    }
  }
  const calls = context.history.calls.filter(({ sent }) => sent.id !== undefined);
  const byId = groupBy(calls, ({ sent: { subject, id } }) => JSON.stringify([subject, id]));
  for (const tries of byId.values()) checkCall(tries, { context, violate });
  return result(`${count} ids of admissions, ${byId.size} ids of calls`);
}

interface Tools {
  readonly context: Context;
  readonly violate: Violate;
}

type AccountTools = Tools & Pick<Account, 'changes'>;

function checkCharges(tries: readonly Attempt[], { context, changes, violate }: AccountTools): void {
  const charges = tries.filter(isCharge).toSorted((a, b) => decidedUs(a) - decidedUs(b));
  for (const [at, later] of charges.entries()) {
    const earlier = charges[at - 1];
    if (earlier === undefined || mayHaveLost(earlier, context.settling)) continue;
    if (changes.mayBeErased(returnable(earlier), later)) continue;
    const rememberUs = Math.min(earlier.policy.rememberUs, later.policy.rememberUs);
    if (decidedUs(later) - decidedUs(earlier) >= rememberUs) continue;
    violate(`${later.place}: id ${later.sent.id} is charged, and was at ${earlier.place}`);
  }
}

/** A repeat has a try before it that the store may have taken. */
function checkRepeats(tries: readonly Attempt[], violate: Violate): void {
  for (const repeat of tries.filter(isRepeat))
    if (!tries.some((each) => each !== repeat && mayHaveTaken(each) && each.sentUs < repeat.answeredUs))
      violate(`${repeat.place}: id ${repeat.sent.id} is called a repeat, and was never taken`);
}

function mayHaveTaken(attempt: Attempt): boolean {
  return isCharge(attempt) || isUnknown(attempt);
}

/** A process that decides without the store charges an id once. */
function checkLocal(
  tries: readonly Attempt[],
  { changes, violate }: Pick<AccountTools, 'changes' | 'violate'>,
): void {
  for (const local of groupBy(tries.filter(isAdmittedLocally), ({ daemon }) => daemon).values()) {
    const [first, second] = local;
    if (first?.policy.rule !== 'local' || second === undefined) continue;
    if (!changes.mayBeErased(returnable(first), second))
      violate(`${second.place}: id ${second.sent.id} is admitted locally, and was at ${first.place}`);
  }
}

export function returnable(attempt: Attempt): Returnable {
  return { id: attempt.sent.id, span: attempt };
}

function checkCall(tries: readonly Call[], { context, violate }: Tools): void {
  const recorded = tries.filter(({ answer }) => answer?.isRecorded === true);
  const [first, ...more] = recorded.filter((each) => !context.settling.mayBeLost(each, 'calls'));
  for (const second of more)
    if (first && !mayForgetCall(first, second, context.history))
      violate(`${second.place}: id ${second.sent.id} is recorded, and was at ${first?.place}`);
  for (const repeat of tries.filter(({ answer }) => answer?.isRecorded === false))
    if (!tries.some((each) => each !== repeat && mayBeRecorded(each) && each.sentUs < repeat.answeredUs))
      violate(`${repeat.place}: id ${repeat.sent.id} is called a repeat, and was never recorded`);
}

/** Whether a call was recorded, as far as its own answer says; one that came late was not. */
export function mayBeRecorded({ answer }: Operation<unknown>): boolean {
  if (answer === undefined || answer.isRecorded === true) return true;
  return answer.error !== undefined && answer.error !== 'DeadlinePassed' && answer.error !== 'InvalidRequest';
}

function decidedUs({ answer }: Attempt): number {
  return answer?.decidedUs ?? 0;
}
