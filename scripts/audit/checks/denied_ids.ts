import type { Account, Context } from '../accounts';
import { REMEMBERED_DENIAL_US } from '../changes';
import type { Attempt, Operation, Span } from '../history';
import { isCharge, isDenial } from '../outcomes';
import { mayHaveLost } from '../takings';

interface Question {
  readonly account: Account;
  readonly context: Context;
  /** All that were sent under one id. */
  readonly tries: readonly Attempt[];
}

/** Each try that was denied though its id had been charged for certain, and was remembered; with the charge. */
export function deniedAfterCharge({ account, context, tries }: Question): [Attempt, Attempt][] {
  const charges = tries.filter((each) => isCharge(each) && !mayHaveLost(each, context.settling));
  return tries.filter(isDenial).flatMap((denial): [Attempt, Attempt][] => {
    const charge = charges.find((each) => isKnownTo(denial, each, { account, context }));
    return charge === undefined || mayBeOlder(denial, account, context) ? [] : [[denial, charge]];
  });
}

/** Whether a charge is remembered for certain when something is denied, by the same limits and the same clock. */
function isKnownTo(
  denial: Attempt,
  charge: Attempt,
  { account: { changes }, context: { clock } }: Omit<Question, 'tries'>,
): boolean {
  const decidedUs = charge.answer?.decidedUs ?? 0;
  const taking = { id: charge.sent.id, span: charge };
  return (
    charge.answeredUs < denial.sentUs &&
    limitsOf(charge) === limitsOf(denial) &&
    clock.rangeOf(denial).latestUs - decidedUs < denial.policy.rememberUs &&
    clock.epochOf(charge, decidedUs) === clock.soleEpoch(withMemory(denial)) &&
    !changes.mayBeRefunded(taking, denial) &&
    !changes.mayBeErased(taking, denial)
  );
}

/** Whether a denial may come from a memory that is older than a change which has let the id in elsewhere. */
function mayBeOlder(denial: Attempt, { subject, policy, refunds }: Account, context: Context): boolean {
  const { history, settling } = context;
  const { resets, erasures, overrides } = history;
  const ofPolicy = [
    ...resets.filter(({ sent }) => sent.policies.includes(policy)),
    ...overrides.filter(({ sent }) => sent.policy === policy),
    ...erasures,
  ];
  const ofSubject = ofPolicy.filter(({ sent }) => sent.subject === subject);
  const span = withMemory(denial);
  const touches = (change: Operation<unknown>) => {
    const { answeredUs } = change.answer?.error === undefined ? change : settling.spanOf(change);
    return change.sentUs <= span.answeredUs && answeredUs >= span.sentUs;
  };
  return [...ofSubject, ...refunds].some(touches) || settling.mayBeLost(span);
}

function withMemory({ sentUs, answeredUs }: Span): Span {
  return { sentUs: sentUs - REMEMBERED_DENIAL_US, answeredUs };
}

function limitsOf({ policy: { limits, rememberUs } }: Attempt): string {
  return JSON.stringify([limits, rememberUs]);
}
