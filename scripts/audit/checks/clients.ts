import { type Context, groupBy } from '../accounts';
import type { ClientTry, Operation } from '../history';
import { createFinding, type Finding } from '../violations';

/** How long after its deadline a call is answered at the latest, by a daemon that was stopped meanwhile or hardly gets to run. */
const LATEST_US = 5_000_000;

/** The answers to clients, who wait for longer than the deadlines that they send, match the daemons' decisions and are in time. */
export function checkClients({ history, clock }: Context): Finding {
  const { violate, result } = createFinding('clients');
  const asked: Operation[] = [...history.attempts, ...history.calls, ...history.refunds];
  const byId = groupBy(asked, ({ sent }) => ('id' in sent && sent.id) || '');
  let longestUs = 0;
  for (const each of history.tries) {
    const overUs = each.answeredUs - each.deadlineUs - each.stalledUs;
    longestUs = Math.max(longestUs, overUs);
    if (overUs > LATEST_US) violate(`${each.place}: waited ${overUs} us beyond the deadline`);
    if (
      isAnswer(each) &&
      !(byId.get(each.id) ?? []).some((operation) => agrees(operation, each, clock.toleranceUs))
    )
      violate(`${each.place}: the client was answered ${each.outcome}, and no daemon has answered that`);
  }
  const notes =
    history.tries.length > 0
      ? [`the longest wait beyond a deadline: ${Math.round(longestUs / 1000)} ms`]
      : [];
  return result(`${history.tries.length} tries`, notes);
}

const ANSWERS = new Set([
  'admitted',
  'repeated',
  'denied',
  'recorded',
  'known',
  'refunded',
  'refunded before',
]);

function isAnswer({ outcome }: ClientTry): boolean {
  return ANSWERS.has(outcome);
}

/** Whether a daemon's answer is the one that the client received. */
function agrees(operation: Operation, each: ClientTry, toleranceUs: number): boolean {
  const { sentUs, answeredUs, answer } = operation;
  if (outcomeOf(answer) !== each.outcome) return false;
  return sentUs >= each.sentUs - toleranceUs && answeredUs <= each.answeredUs + toleranceUs;
}

function outcomeOf(answer: Operation['answer']): string | undefined {
  if (answer?.isRecorded !== undefined) return answer.isRecorded ? 'recorded' : 'known';
  if (answer?.isRefunded !== undefined) return answer.isRefunded ? 'refunded' : 'refunded before';
  if (answer?.admitted === undefined) return undefined;
  if (!answer.admitted) return 'denied';
  return answer.isRepeat ? 'repeated' : 'admitted';
}
