import { type Context, groupBy } from '../accounts';
import type { Operation } from '../history';
import type { SentLine } from '../lines';
import { createFinding, type Finding } from '../violations';
import { isInForce, type SizeChange, targetOf } from './sizes';

type Raise = Operation<Extract<SentLine, { op: 'raise' }>>;

/** The store keeps the end of an override in milliseconds. */
const ROUNDING_US = 1_000;

/** Each raise held as long as it was asked for, and lessened no other override. */
export function checkRaises(context: Context): Finding {
  const { violate, result } = createFinding('raises');
  const { overrides, erasures } = context.history;
  const byTarget = groupBy<SizeChange>(overrides, ({ sent }) => ('name' in sent ? targetOf(sent) : ''));
  const raises = overrides.filter((change): change is Raise => change.sent.op === 'raise');
  for (const raise of raises.filter(({ answer }) => answer?.isSet === true)) {
    const { subject } = raise.sent;
    const changes = [
      ...(byTarget.get(targetOf(raise.sent)) ?? []),
      ...erasures.filter(({ sent }) => sent.subject === subject),
    ].filter((change) => change !== raise);
    const fault = endFaultOf(raise, context) ?? lessened(raise, changes, context);
    if (fault !== undefined) violate(`${raise.place}: ${fault}, subject ${subject}`);
  }
  return result(`${raises.length} raises`);
}

function endFaultOf(raise: Raise, { clock }: Context): string | undefined {
  const { earliestUs, latestUs } = clock.rangeOf(raise);
  const beganUs = (raise.answer?.expireUs ?? Number.POSITIVE_INFINITY) - raise.sent.durationUs;
  const isAsAsked = beganUs >= earliestUs - ROUNDING_US && beganUs <= latestUs + ROUNDING_US;
  return isAsAsked ? undefined : `ends ${beganUs + raise.sent.durationUs}, which was not asked for`;
}

/** An override that was in force for certain, and that the raise has made smaller, ended sooner, or lifted. */
function lessened(raise: Raise, changes: readonly SizeChange[], context: Context): string | undefined {
  const { limit, configuredLimit } = raise.sent;
  const untilUs = context.clock.rangeOf(raise).latestUs;
  const found = changes.find((set) => {
    if (!isInForce(set, raise, { changes, context, untilUs }) || !('limit' in set.sent)) return false;
    const endUs = set.answer?.expireUs ?? Number.POSITIVE_INFINITY;
    return (
      set.sent.limit > limit ||
      set.sent.limit < configuredLimit ||
      endUs > (raise.answer?.expireUs ?? 0) + ROUNDING_US
    );
  });
  return found && `lessens the override of ${found.place}`;
}
