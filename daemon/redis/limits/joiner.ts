import { DeadlinePassed } from '../../quota/errors';
import { MAX_CALL_US, overriddenCallUs } from '../../quota/policy_bounds';
import type { Asked, Patience } from '../../quota/store';
import type { Entry, JoinedReply, Outcome } from './admit';

/** The most admissions of one call. More would gain nothing, and each of them waits for all. */
const MAX_ENTRIES = 128;

export interface Joiner {
  /**
   * Decides on the admissions of one caller, together with all others of the same turn of the event loop. Never throws:
   * an error stands in the place of the outcome.
   */
  admitAll(asked: readonly Asked[], patience: Patience): Promise<readonly (Outcome | Error)[]>;
}

export interface JoinerOptions {
  readonly partitionOf: (subject: string) => number;
  /** Decides on the entries of one partition, in order. */
  readonly admitAll: (partition: number, entries: readonly Entry[]) => Promise<JoinedReply>;
  /** A moment of `performance.now()` by the store's clock, in microseconds; undefined if it is not known. */
  readonly toStoreUs: (monotonicMs: number) => number | undefined;
  /** False sends each admission by itself: a switch for incidents. */
  readonly isJoining: boolean;
  /** Whether denials shall list the request ids that the store knows. */
  readonly wantsIds?: boolean;
  /** Is called with the size of each joined call. */
  readonly onCall?: (entryCount: number) => void;
  /** Is called for each admission that the store found late. */
  readonly onLate?: () => void;
}

/** The admissions that one caller waits for, answered at once when the last of them is decided. */
interface Batch {
  readonly patience: Patience;
  readonly outcomes: (Outcome | Error)[];
  undecided: number;
  readonly resolve: (outcomes: readonly (Outcome | Error)[]) => void;
}

/** One admission: the entry of a call, whose deadline is known once it is sent. */
interface Waiting extends Entry {
  deadlineUs: number | undefined;
  readonly work: number;
  readonly batch: Batch;
  /** Its place in the batch. */
  readonly place: number;
  /** Whether the store has found it late once: its clock had been misjudged. */
  wasLate: boolean;
}

/**
 * Joins the admissions of one turn of the event loop into one call for each partition: what a call costs besides its
 * decisions is then paid once. Those whose callers have given up are not sent.
 */
export function createJoiner(options: JoinerOptions): Joiner {
  const { partitionOf, admitAll, toStoreUs, isJoining, wantsIds = false, onCall, onLate } = options;
  const queues = new Map<number, Waiting[]>();
  let isScheduled = false;

  function enqueue(waiting: Waiting): void {
    const partition = partitionOf(waiting.admission.subject);
    const queue = queues.get(partition);
    if (queue) queue.push(waiting);
    else queues.set(partition, [waiting]);
    if (isScheduled) return;
    isScheduled = true;
    // After the poll phase: by then all that this turn has read from callers is here.
    setImmediate(flush);
  }

  function flush(): void {
    isScheduled = false;
    const nowMs = performance.now();
    for (const [partition, queue] of queues) {
      queues.delete(partition);
      const wanted = queue.filter((waiting) => isWanted(waiting, nowMs));
      for (const calls of split(wanted, isJoining ? MAX_ENTRIES : 1)) void send(partition, calls);
    }
  }

  /** Whether the caller of an admission still waits for it. One that has given up is answered at once. */
  function isWanted(waiting: Waiting, nowMs: number): boolean {
    const { deadlineMs, isGivenUp } = waiting.batch.patience;
    if (!isGivenUp?.() && (deadlineMs === undefined || nowMs < deadlineMs)) return true;
    decide(waiting, new DeadlinePassed());
    return false;
  }

  async function send(partition: number, calls: readonly Waiting[]): Promise<void> {
    onCall?.(calls.length);
    try {
      for (const waiting of calls) {
        const { deadlineMs } = waiting.batch.patience;
        waiting.deadlineUs = deadlineMs === undefined ? undefined : toStoreUs(deadlineMs);
      }
      const { outcomes, onDisk } = await admitAll(partition, calls);
      for (const [index, waiting] of calls.entries())
        settle(waiting, outcomes[index] as Outcome | Error, onDisk);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const waiting of calls) decide(waiting, failure);
    }
  }

  function settle(waiting: Waiting, outcome: Outcome | Error, onDisk?: Promise<void>): void {
    if (outcome instanceof DeadlinePassed) onLate?.();
    if (outcome instanceof DeadlinePassed && !waiting.wasLate) {
      waiting.wasLate = true;
      // It took nothing. If the deadline has not passed here, the estimate of the store's clock was wrong.
      enqueue(waiting);
    } else if (onDisk !== undefined && !(outcome instanceof Error) && outcome.decision.admitted) {
      onDisk.then(
        () => decide(waiting, outcome),
        (error: Error) => decide(waiting, error),
      );
    } else {
      decide(waiting, outcome);
    }
  }

  return {
    admitAll: (asked, patience) =>
      new Promise((resolve) => {
        if (asked.length === 0) resolve([]);
        const batch: Batch = { patience, outcomes: [], undecided: asked.length, resolve };
        for (const [place, { admission, policy }] of asked.entries()) {
          const work = overriddenCallUs(policy, admission.cost);
          enqueue({
            admission,
            policy,
            deadlineUs: undefined,
            wantsIds,
            work,
            batch,
            place,
            wasLate: false,
          });
        }
      }),
  };
}

function decide({ batch, place }: Waiting, outcome: Outcome | Error): void {
  batch.outcomes[place] = outcome;
  batch.undecided -= 1;
  if (batch.undecided === 0) batch.resolve(batch.outcomes);
}

/** Cuts a queue into calls, in order, each within the bounds of entries and of work; one that is over by itself stands alone. */
function split(queue: readonly Waiting[], maxEntries: number): Waiting[][] {
  const calls: Waiting[][] = [];
  let work = Number.POSITIVE_INFINITY;
  for (const waiting of queue) {
    const last = calls.at(-1);
    work += waiting.work;
    if (last === undefined || last.length >= maxEntries || work > MAX_CALL_US) {
      calls.push([waiting]);
      work = waiting.work;
    } else {
      last.push(waiting);
    }
  }
  return calls;
}
