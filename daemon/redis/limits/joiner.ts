import { DeadlinePassed } from '../../quota/errors';
import { MAX_CALL_US, overriddenCallUs } from '../../quota/policy_bounds';
import type { Asked, Patience } from '../../quota/store';
import { createLanes } from '../lanes';
import type { Entry, JoinedReply, Outcome } from './admit';

export interface Joiner {
  /**
   * Decides on the admissions of one caller, joined with all others of the same turn of the event loop. Never throws: an
   * error takes the place of an outcome.
   */
  admitAll(asked: readonly Asked[], patience: Patience): Promise<readonly (Outcome | Error)[]>;
}

export interface JoinerOptions {
  readonly partitionOf: (subject: string) => number;
  /** Decides on the entries of one partition, in order. */
  readonly admitAll: (partition: number, entries: readonly Entry[]) => Promise<JoinedReply>;
  /** A moment of `performance.now()` by the clock of a partition, in microseconds; undefined if it is not known. */
  readonly toStoreUs: (monotonicMs: number, partition: number) => number | undefined;
  /** Reads the clock of a partition if it is not known; undefined if it is. */
  readonly readClock?: (partition: number) => Promise<void> | undefined;
  /** False sends each admission by itself: a switch for incidents. */
  readonly isJoining: boolean;
  /** Whether denials list the request ids that the store knows. */
  readonly wantsIds?: boolean;
  /** Called with the size of each joined call. */
  readonly onCall?: (entryCount: number) => void;
  /** Called for each admission that the store found late. */
  readonly onLate?: () => void;
}

/** The admissions that one caller waits for, answered together once the last is decided. */
interface Batch {
  readonly patience: Patience;
  readonly outcomes: (Outcome | Error)[];
  undecided: number;
  readonly resolve: (outcomes: readonly (Outcome | Error)[]) => void;
}

/** One admission: an entry of a call; its deadline is known once it is sent. */
interface Waiting extends Entry {
  deadlineUs: number | undefined;
  readonly work: number;
  readonly batch: Batch;
  /** Its place in the batch. */
  readonly place: number;
  /** Whether the store has found it late once: the estimate of its clock was wrong. */
  wasLate: boolean;
}

/** Joins the admissions of all callers into calls: see `createLanes`. Abandoned ones are not sent. */
export function createJoiner(options: JoinerOptions): Joiner {
  const {
    partitionOf,
    admitAll,
    toStoreUs,
    readClock,
    isJoining,
    wantsIds = false,
    onCall,
    onLate,
  } = options;
  const lanes = createLanes<Waiting>({
    send,
    isWanted,
    workOf: ({ work }) => work,
    maxWork: MAX_CALL_US,
    isJoining,
  });

  function enqueue(waiting: Waiting): void {
    lanes.enqueue(partitionOf(waiting.admission.subject), waiting);
  }

  /** Whether the caller of an admission still waits for it. If not, it is answered at once. */
  function isWanted(waiting: Waiting, nowMs: number): boolean {
    const { deadlineMs, isGivenUp } = waiting.batch.patience;
    if (!isGivenUp?.() && (deadlineMs === undefined || nowMs < deadlineMs)) return true;
    decide(waiting, new DeadlinePassed());
    return false;
  }

  /** Gives each admission its deadline by the store's clock. */
  async function setDeadlines(partition: number, calls: readonly Waiting[]): Promise<void> {
    const hurried = calls.filter(({ batch }) => batch.patience.deadlineMs !== undefined);
    const reading = hurried.length > 0 ? readClock?.(partition) : undefined;
    if (reading !== undefined) await reading;
    for (const waiting of hurried)
      waiting.deadlineUs = toStoreUs(waiting.batch.patience.deadlineMs ?? 0, partition);
  }

  async function send(partition: number, calls: readonly Waiting[]): Promise<void> {
    onCall?.(calls.length);
    try {
      await setDeadlines(partition, calls);
      const { outcomes, confirmed } = await admitAll(partition, calls);
      for (const [index, waiting] of calls.entries())
        settle(waiting, outcomes[index] as Outcome | Error, confirmed);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const waiting of calls) decide(waiting, failure);
    }
  }

  function settle(waiting: Waiting, outcome: Outcome | Error, confirmed?: Promise<void>): void {
    if (outcome instanceof DeadlinePassed) onLate?.();
    if (outcome instanceof DeadlinePassed && !waiting.wasLate) {
      waiting.wasLate = true;
      // Nothing was taken. If the deadline has not passed here, the estimate of the store's clock was wrong.
      enqueue(waiting);
    } else if (confirmed !== undefined && !(outcome instanceof Error) && outcome.decision.admitted) {
      confirmed.then(
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
