import { DeadlinePassed } from '../../quota/errors';
import type { Patience } from '../../quota/store';
import type { ServiceCall } from '../../quota/usage';
import { createLanes } from '../lanes';
import type { CallEntry, Recorded } from './calls';

export interface RecorderOptions {
  readonly partitionOf: (subject: string) => number;
  /** Records the calls of one partition, in order. */
  readonly recordAll: (partition: number, entries: readonly CallEntry[]) => Promise<readonly Recorded[]>;
  /** A moment of `performance.now()` by the clock of a partition, in microseconds; undefined if it is not known. */
  readonly toStoreUs: (monotonicMs: number, partition: number) => number | undefined;
  /** Reads the clock of a partition if it is not known; undefined if it is. */
  readonly readClock?: (partition: number) => Promise<void> | undefined;
}

interface Waiting {
  readonly call: ServiceCall;
  readonly patience: Patience;
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
  /** Whether the store has found it late once: the estimate of its clock was wrong. */
  wasLate: boolean;
}

/** Records the calls of all callers together: see `createLanes`. */
export function createRecorder({ partitionOf, recordAll, toStoreUs, readClock }: RecorderOptions) {
  const lanes = createLanes<Waiting>({ send, isWanted });

  /** Whether the caller still waits. If not, the call is not sent, and the caller is answered at once. */
  function isWanted({ patience: { deadlineMs, isGivenUp }, reject }: Waiting, nowMs: number): boolean {
    if (!isGivenUp?.() && (deadlineMs === undefined || nowMs < deadlineMs)) return true;
    reject(new DeadlinePassed());
    return false;
  }

  function toEntry({ call, patience: { deadlineMs } }: Waiting, partition: number): CallEntry {
    return { ...call, deadlineUs: deadlineMs === undefined ? undefined : toStoreUs(deadlineMs, partition) };
  }

  async function send(partition: number, waiting: readonly Waiting[]): Promise<void> {
    try {
      if (waiting.some(({ patience }) => patience.deadlineMs !== undefined)) await readClock?.(partition);
      const recorded = await recordAll(
        partition,
        waiting.map((each) => toEntry(each, partition)),
      );
      for (const [at, each] of waiting.entries()) settle(each, recorded[at]);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  function settle(waiting: Waiting, result: Recorded | undefined): void {
    if (result instanceof DeadlinePassed && !waiting.wasLate) {
      waiting.wasLate = true;
      // Nothing was recorded. If the deadline has not passed here, the estimate of the store's clock was wrong.
      enqueue(waiting);
    } else if (typeof result === 'boolean') waiting.resolve(result);
    else waiting.reject(result);
  }

  function enqueue(waiting: Waiting): void {
    lanes.enqueue(partitionOf(waiting.call.subject), waiting);
  }

  return {
    /**
     * Records one call; false if its request id was recorded before. Throws `DeadlinePassed` if its caller gave up before
     * it was sent, or if the store found it late: nothing was recorded then.
     */
    record: (call: ServiceCall, patience: Patience = {}): Promise<boolean> =>
      new Promise((resolve, reject) => enqueue({ call, patience, resolve, reject, wasLate: false })),
  };
}
