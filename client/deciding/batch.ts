import type { Admission, Asked } from '../answers/admission';
import type { QuotaUnavailable } from '../answers/unavailable';
import { type AskEach, asFailure, noAnswer } from './ask';
import { tooLong } from './asked';

/** One request of a batch, with its answer. */
type Answered = { one: Asked; answer: Admission | QuotaUnavailable };

/** Asks for all in one message, but for those that are too long. A failure of the message is a failure of each request in it. */
export async function askBatch(
  asked: readonly Asked[],
  { askEach, deadlineMs }: { askEach: AskEach; deadlineMs: number },
): Promise<Answered[]> {
  const sent = asked.filter((one) => tooLong(one) === undefined);
  const answers =
    sent.length > 0 ? await askEach(sent, deadlineMs).catch((error) => failEach(sent, error)) : [];
  const answerOf = new Map(sent.map((one, index) => [one, answers[index]]));
  return asked.map((one) => ({ one, answer: tooLong(one) ?? answerOf.get(one) ?? noAnswer(one) }));
}

function failEach(sent: readonly Asked[], error: unknown): QuotaUnavailable[] {
  const failure = asFailure(error);
  return sent.map(({ requestId }) => failure.ofRequest(requestId));
}
