import type { Range, StoreClock } from './clock';
import type { Erasure, Operation, Refund, Reset, Span } from './history';
import type { Settling } from './settling';

/** How long remembered denials hide a change. */
export const REMEMBERED_DENIAL_US = 260_000;

/** What was taken for one request, as far as it can be given back. */
export interface Returnable {
  readonly id: string | undefined;
  /** Its start and end. */
  readonly span: Span;
}

/** What has given back or erased, of one subject and policy. */
export interface Changes {
  /** Whether a taking may have been given back, or erased, before something else was asked or answered. */
  mayBeGivenBack(taking: Returnable, by: Span): boolean;
  /**
   * Whether it was, for certain: what a limit with this window denied after that had another cause. A reset changes nothing
   * that has left the window, which counts again if the clock is then set back.
   */
  isGivenBack(taking: Returnable & Range, by: Span, windowUs: number): boolean;
  /** The same by a reset or an erasure alone. A bucket gets back from a refund only what has not come back by itself. */
  isGivenBackWhole(taking: Returnable, by: Span): boolean;
  /** Whether a taking may have been refunded before. */
  mayBeRefunded(taking: Returnable, by: Span): boolean;
  isRefunded(taking: Returnable, by: Span): boolean;
  /** Whether the subject may have been erased between a taking and something else. */
  mayBeErased(taking: Returnable, by: Span): boolean;
  isErased(taking: Returnable, by: Span): boolean;
}

export interface ChangesOptions {
  readonly resets: readonly Reset[];
  readonly erasures: readonly Erasure[];
  readonly refunds: readonly Refund[];
}

/** A refund that was answered so has given nothing back. */
const NOTHING_REFUNDED = new Set(['UnknownRequest', 'InvalidRequest']);

export function createChanges(
  { resets, erasures, refunds }: ChangesOptions,
  { clock, settling }: { readonly clock: StoreClock; readonly settling: Settling },
): Changes {
  function mayBe(all: readonly Operation<unknown>[], { span }: Returnable, by: Span): boolean {
    return all.some((each) => {
      const { answeredUs } = each.answer?.error === undefined ? each : settling.spanOf(each);
      return span.sentUs <= answeredUs && each.sentUs <= by.answeredUs;
    });
  }

  function is(all: readonly Operation<unknown>[], { span }: Returnable, by: Span): boolean {
    return all.some(
      (each) =>
        isMade(each) &&
        span.answeredUs < each.sentUs &&
        each.answeredUs + REMEMBERED_DENIAL_US < by.sentUs &&
        !settling.mayBeLost(each),
    );
  }

  const mayBeErased = (taking: Returnable, by: Span) => mayBe(erasures, taking, by);
  const isErased = (taking: Returnable, by: Span) => is(erasures, taking, by);
  const refundsOf = ({ id }: Returnable) => refunds.filter(({ sent }) => sent.id === id);
  const mayBeRefunded = (taking: Returnable, by: Span) =>
    refundsOf(taking).some(
      ({ sentUs, answer }) => sentUs <= by.answeredUs && !NOTHING_REFUNDED.has(answer?.error ?? ''),
    );
  const isRefunded = (taking: Returnable, by: Span) => is(refundsOf(taking), taking, by);
  const isGivenBackWhole = (taking: Returnable, by: Span) => is(resets, taking, by) || isErased(taking, by);

  return {
    mayBeGivenBack: (taking, by) =>
      mayBe(resets, taking, by) || mayBeErased(taking, by) || mayBeRefunded(taking, by),
    isGivenBack(taking, by, windowUs) {
      const touching = resets.filter((each) => taking.earliestUs > clock.rangeOf(each).latestUs - windowUs);
      return is(touching, taking, by) || isErased(taking, by) || isRefunded(taking, by);
    },
    ...{ isGivenBackWhole, mayBeRefunded, isRefunded, mayBeErased, isErased },
  };
}

/** The store itself has answered that it was done. */
export function isMade({ answer }: Operation<unknown>): boolean {
  return answer !== undefined && answer.error === undefined && answer.degraded !== true;
}
