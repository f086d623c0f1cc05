import { type Account, type Context, groupBy } from '../accounts';
import { REMEMBERED_DENIAL_US } from '../changes';
import type { Attempt, Erasure, OverrideChange, Span } from '../history';
import type { LimitLine } from '../lines';
import { isCharge, isDenial } from '../outcomes';
import { createFinding, type Finding } from '../violations';

/** The store keeps each token of a sliding window, so none is larger, even if an operator sets more. */
const LARGEST_WINDOW = 1000;

/** Each decision was made with the sizes of its policy, or with those that an operator had set. */
export function checkSizes(accounts: readonly Account[], context: Context): Finding {
  const { violate, result } = createFinding('sizes');
  const overrides = groupBy(context.history.overrides, ({ sent }) => targetOf(sent));
  const erasures = groupBy(context.history.erasures, ({ sent }) => sent.subject);
  let checked = 0;
  for (const account of accounts)
    for (const attempt of account.attempts.filter((each) => isCharge(each) || isDenial(each)))
      for (const limit of attempt.policy.limits) {
        checked += 1;
        const target = targetOf({ ...account, name: limit.name });
        const changes = [...(overrides.get(target) ?? []), ...(erasures.get(account.subject) ?? [])];
        const fault = faultOf({ attempt, limit, changes }, context);
        if (fault !== undefined)
          violate(`${attempt.place}: ${limit.name} ${fault}, subject ${account.subject}`);
      }
  return result(`${checked} sizes`);
}

/** An erasure clears the overrides of its subject. */
export type SizeChange = OverrideChange | Erasure;

interface Question {
  readonly attempt: Attempt;
  readonly limit: LimitLine;
  readonly changes: readonly SizeChange[];
}

function faultOf({ attempt, limit, changes }: Question, context: Context): string | undefined {
  const used = attempt.answer?.limits?.find(({ name }) => name === limit.name);
  if (used === undefined) return 'is not in the answer';
  if (used.windowUs !== limit.windowUs)
    return `decided with a window of ${used.windowUs} us, not ${limit.windowUs}`;
  const sets = changes.filter(({ sent }) => sent.op === 'set_override' || sent.op === 'raise');
  if (used.overridden) {
    const possible = sets.filter((set) => mayHold(set, attempt, changes));
    const sizes = possible.map(({ sent }) => ('limit' in sent ? sizeOf(sent.limit, limit) : 0));
    return sizes.includes(used.limit) ? undefined : `decided with ${used.limit}, which no operator had set`;
  }
  if (used.limit !== limit.limit) return `decided with ${used.limit}, not ${limit.limit}`;
  const holding = sets.find((set) => holds(set, attempt, { changes, context }));
  return holding === undefined ? undefined : `decided without the override of ${holding.place}`;
}

function sizeOf(set: number, { algorithm }: LimitLine): number {
  return algorithm === 'sliding-window' ? Math.min(set, LARGEST_WINDOW) : set;
}

/** Whether a change was made, for certain. An override whose end has passed is not set, and replaces none. */
function isMade({ answer }: SizeChange): boolean {
  return answer !== undefined && answer.error === undefined && answer.isSet !== false;
}

/** Whether an override may have been in force for a decision. */
function mayHold(set: SizeChange, attempt: Attempt, changes: readonly SizeChange[]): boolean {
  const isReplaced = changes.some(
    (change) =>
      isMade(change) &&
      change.sentUs > set.answeredUs &&
      change.answeredUs + REMEMBERED_DENIAL_US < attempt.sentUs,
  );
  return set.sentUs <= attempt.answeredUs && !isReplaced;
}

/** Whether an override was in force for a decision, for certain. */
function holds(
  set: SizeChange,
  attempt: Attempt,
  tools: { changes: readonly SizeChange[]; context: Context },
): boolean {
  const isHeard = set.answeredUs + REMEMBERED_DENIAL_US < attempt.sentUs;
  return isHeard && isInForce(set, attempt, { ...tools, untilUs: attempt.answer?.decidedUs ?? 0 });
}

/** Whether an override was in force when something was asked, for certain, until a moment of the store. */
export function isInForce(
  set: SizeChange,
  by: Span,
  {
    changes,
    context,
    untilUs,
  }: { changes: readonly SizeChange[]; context: Context; readonly untilUs: number },
): boolean {
  if (set.answer?.isSet !== true || context.settling.mayBeLost(set)) return false;
  const expireUs = set.answer.expireUs ?? Number.POSITIVE_INFINITY;
  const isEnded = expireUs <= untilUs + context.clock.toleranceUs;
  const isChanged = changes.some(
    (change) =>
      change !== set &&
      change.answer?.isSet !== false &&
      context.settling.spanOf(change).answeredUs > set.sentUs &&
      change.sentUs <= by.answeredUs,
  );
  return !isEnded && !isChanged && set.answeredUs < by.sentUs;
}

export function targetOf({
  subject,
  policy,
  name,
}: {
  subject: string;
  policy: string;
  name: string;
}): string {
  return `${policy} ${name} ${subject}`;
}
