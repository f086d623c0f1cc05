import { type Context, groupBy } from '../accounts';
import type { ClientTry, Operation } from '../history';
import { createFinding, type Finding } from '../violations';

/** How long after its deadline a call is answered at the latest, by a daemon that hardly gets to run. Stops do not count. */
const LATEST_US = 1_000_000;

/** What is answered later than this after its deadline is counted as late. */
const LATE_US = 100_000;

/** The answers to clients, who wait for longer than the deadlines that they send, match the daemons' decisions and are in time. */
export function checkClients({ history, clock }: Context): Finding {
  const { violate, result } = createFinding('clients');
  const asked: Operation[] = [...history.attempts, ...history.calls, ...history.refunds];
  const byId = groupBy(asked, ({ sent }) => ('id' in sent && sent.id) || '');
  const overUsOf = (each: ClientTry) => each.answeredUs - each.deadlineUs - each.stalledUs - each.stoppedUs;
  for (const each of history.tries) {
    const overUs = overUsOf(each);
    if (overUs > LATEST_US) violate(`${each.place}: waited ${overUs} us beyond the deadline`);
    if (
      isAnswer(each) &&
      !(byId.get(each.id) ?? []).some((operation) => agrees(operation, each, clock.toleranceUs))
    )
      violate(`${each.place}: the client was answered ${each.outcome}, and no daemon has answered that`);
  }
  return result(`${history.tries.length} tries`, notesOf(history.tries.map(overUsOf)));
}

/** How late the answers were, by their time beyond the deadlines. */
function notesOf(overUs: readonly number[]): string[] {
  if (overUs.length === 0) return [];
  const longestMs = Math.round(overUs.reduce((most, each) => Math.max(most, each), 0) / 1000);
  const lateCount = overUs.filter((each) => each > LATE_US).length;
  return [
    `the longest wait beyond a deadline: ${longestMs} ms; later than ${LATE_US / 1000} ms: ${lateCount}`,
  ];
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
