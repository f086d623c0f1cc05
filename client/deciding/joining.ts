import type { Admission, Asked } from '../answers/admission';
import { QuotaUnavailable } from '../answers/unavailable';
import type { Ask, AskEach } from './ask';
import { createRetryBudget } from './retry_budget';

/** The most requests in a BatchAdmit. */
const MAX_JOINED = 1_000;

/** As for a request on its own: see the channel's options. */
const MAX_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 200;

type Waiting = {
  asked: Asked;
  /** By Date.now(). */
  deadline: number;
  attempts: number;
  resolve: (admission: Admission) => void;
  reject: (error: unknown) => void;
};

type Parts = { ask: Ask; askEach: AskEach; callId: () => string | undefined };

/**
 * Sends all requests of one turn of the event loop in one batch. Each request keeps its own deadline: the batch ends at
 * the earliest of them, and the others are sent again, with their ids. Requests under different call ids stay apart.
 */
export function createJoiner({ ask, askEach, callId }: Parts): Ask {
  const gathering = new Map<string | undefined, Waiting[]>();
  const budget = createRetryBudget();

  function enqueue(one: Waiting): void {
    // A repeat is queued in the context of its first request, so under the same id.
    const id = callId();
    const gathered = gathering.get(id);
    if (gathered !== undefined) {
      gathered.push(one);
      return;
    }
    const joined = [one];
    gathering.set(id, joined);
    setImmediate(() => {
      gathering.delete(id);
      for (let start = 0; start < joined.length; start += MAX_JOINED)
        void sendJoined(joined.slice(start, start + MAX_JOINED));
    });
  }

  async function sendJoined(joined: readonly Waiting[]): Promise<void> {
    const [first] = joined;
    if (first === undefined) return;
    const deadlineMs = Math.min(...joined.map(({ deadline }) => deadline)) - Date.now();
    if (joined.length === 1) return ask(first.asked, deadlineMs).then(first.resolve, first.reject);
    try {
      const answers = await askEach(
        joined.map(({ asked }) => asked),
        deadlineMs,
      );
      for (const [index, one] of joined.entries()) settle(one, answers[index]);
    } catch (error) {
      for (const one of joined) if (!goesOn(one, error)) one.reject(ofRequest(error, one.asked));
    }
  }

  function settle(one: Waiting, answer: Admission | QuotaUnavailable | undefined): void {
    if (answer !== undefined && !(answer instanceof QuotaUnavailable)) {
      budget.succeeded();
      one.resolve(answer);
      return;
    }
    if (!goesOn(one, answer) && !isRepeated(one, answer)) one.reject(answer);
  }

  /** Whether the batch ended at the deadline of another request, and this one is sent again. */
  function goesOn(one: Waiting, error: unknown): boolean {
    const isLate = error instanceof QuotaUnavailable && error.grpcStatus === 'DEADLINE_EXCEEDED';
    const goes = isLate && Date.now() < one.deadline;
    if (goes) enqueue(one);
    return goes;
  }

  /** Whether it is repeated after a pause: gRPC repeats a batch that failed, but not a request in it. */
  function isRepeated(one: Waiting, failure: QuotaUnavailable | undefined): boolean {
    if (failure?.grpcStatus !== 'UNAVAILABLE') return false;
    budget.failed();
    const pauseMs = Math.max(pauseAfter(one.attempts), askedPauseMs(failure));
    const isInTime = Date.now() + pauseMs < one.deadline;
    if (one.attempts >= MAX_ATTEMPTS || !isInTime || !budget.allowsRetry()) return false;
    setTimeout(() => enqueue({ ...one, attempts: one.attempts + 1 }), pauseMs);
    return true;
  }

  return (asked, deadlineMs) =>
    new Promise((resolve, reject) => {
      enqueue({ asked, deadline: Date.now() + deadlineMs, attempts: 1, resolve, reject });
    });
}

function ofRequest(error: unknown, { requestId }: Asked): unknown {
  return error instanceof QuotaUnavailable ? error.ofRequest(requestId) : error;
}

/** An overloaded daemon says how long it must not be asked; gRPC obeys the same of a request on its own. */
function askedPauseMs({ daemonReason, retryAfterMs }: QuotaUnavailable): number {
  return daemonReason === 'OVERLOADED' ? retryAfterMs : 0;
}

/** With jitter, as gRPC pauses. */
function pauseAfter(attempts: number): number {
  return Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
}
