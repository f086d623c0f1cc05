import { isMade } from './changes';
import type { Call, Erasure, Fact, History, Span } from './history';

/** Whether an erasure may have removed a call before something else: it reaches the record of calls in the background. */
export function mayForgetCall(call: Call, by: Span, { erasures, facts }: History): boolean {
  return erasures.some(
    (erasure) =>
      erasure.sent.subject === call.sent.subject &&
      erasure.sentUs <= by.answeredUs &&
      call.sentUs <= endOf(erasure, facts),
  );
}

/** Whether an erasure has removed a call before something else, for certain: it has ended. */
export function isCallForgotten(call: Call, by: Span, { erasures, facts }: History): boolean {
  return erasures.some(
    (erasure) =>
      erasure.sent.subject === call.sent.subject &&
      isMade(erasure) &&
      call.answeredUs < erasure.sentUs &&
      endOf(erasure, facts) < by.sentUs,
  );
}

/** When an erasure is known to have ended. */
function endOf({ sent, answeredUs }: Erasure, facts: readonly Fact[]): number {
  const ends = facts.filter(
    ({ fact, atUs }) => fact.fact === 'erasure_ended' && fact.subject === sent.subject && atUs >= answeredUs,
  );
  return Math.min(...ends.map(({ atUs }) => atUs));
}
