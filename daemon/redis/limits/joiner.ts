import type { Admission } from '../../quota/admission';
import { DeadlinePassed } from '../../quota/errors';
import type { Policy } from '../../quota/policies';
import { MAX_CALL_US, overriddenCallUs } from '../../quota/policy_bounds';
import type { Patience } from '../../quota/store';
import type { Entry, JoinedReply, Outcome } from './admit';

/** The most admissions of one call. More would gain nothing, and each of them waits for all. */
const MAX_ENTRIES = 128;

export interface Joiner {
  /** Decides on one admission, together with all others of the same turn of the event loop. */
  admit(admission: Admission, policy: Policy, patience: Patience): Promise<Outcome>;
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

interface Waiting {
  readonly admission: Admission;
  readonly policy: Policy;
  readonly patience: Patience;
  readonly work: number;
  /** Whether the store has found it late once: its clock had been misjudged. */
  wasLate: boolean;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
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
    for (const [partition, queue] of queues) {
      queues.delete(partition);
      for (const calls of split(queue.filter(isWanted), isJoining ? MAX_ENTRIES : 1))
        void send(partition, calls);
    }
  }

  /** Whether the caller of an admission still waits for it. One that has given up is answered at once. */
  function isWanted({ patience, reject }: Waiting): boolean {
    const { deadlineMs, isGivenUp } = patience;
    if (!isGivenUp?.() && (deadlineMs === undefined || performance.now() < deadlineMs)) return true;
    reject(new DeadlinePassed());
    return false;
  }

  async function send(partition: number, calls: readonly Waiting[]): Promise<void> {
    onCall?.(calls.length);
    try {
      const entries = calls.map(({ admission, policy, patience: { deadlineMs } }) => ({
        admission,
        policy,
        deadlineUs: deadlineMs === undefined ? undefined : toStoreUs(deadlineMs),
        wantsIds,
      }));
      const { outcomes, onDisk } = await admitAll(partition, entries);
      calls.forEach((waiting, index) => {
        settle(waiting, outcomes[index], onDisk);
      });
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }

  function settle(waiting: Waiting, outcome: Outcome | Error | undefined, onDisk?: Promise<void>): void {
    if (outcome instanceof DeadlinePassed) onLate?.();
    if (outcome instanceof DeadlinePassed && !waiting.wasLate) {
      waiting.wasLate = true;
      // It took nothing. If the deadline has not passed here, the estimate of the store's clock was wrong.
      enqueue(waiting);
    } else if (outcome === undefined || outcome instanceof Error) {
      waiting.reject(outcome);
    } else if (onDisk !== undefined && outcome.decision.admitted) {
      onDisk.then(() => waiting.resolve(outcome), waiting.reject);
    } else {
      waiting.resolve(outcome);
    }
  }

  return {
    admit: (admission, policy, patience) =>
      new Promise((resolve, reject) => {
        const work = overriddenCallUs(policy, admission.cost);
        enqueue({ admission, policy, patience, work, wasLate: false, resolve, reject });
      }),
  };
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
