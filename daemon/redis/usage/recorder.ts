import { DeadlinePassed } from '../../quota/errors';
import type { Patience } from '../../quota/store';
import type { ServiceCall } from '../../quota/usage';
import type { Recorded } from './calls';

/** The most calls that are recorded together: more would gain nothing, and each of them waits for all. */
const MAX_ENTRIES = 128;

export interface RecorderOptions {
  readonly partitionOf: (subject: string) => number;
  /** Records the calls of one partition, in order. */
  readonly recordAll: (partition: number, calls: readonly ServiceCall[]) => Promise<Recorded[]>;
}

interface Waiting {
  readonly call: ServiceCall;
  readonly patience: Patience;
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Records calls: those of one turn of the event loop together, in one call for each partition. */
export function createRecorder({ partitionOf, recordAll }: RecorderOptions) {
  const queues = new Map<number, Waiting[]>();
  let isScheduled = false;

  function flush(): void {
    isScheduled = false;
    const nowMs = performance.now();
    for (const [partition, queue] of queues) {
      queues.delete(partition);
      const wanted = queue.filter((waiting) => isWanted(waiting, nowMs));
      for (let at = 0; at < wanted.length; at += MAX_ENTRIES)
        void send(partition, wanted.slice(at, at + MAX_ENTRIES));
    }
  }

  /** Whether the caller still waits. A call whose caller has given up is not sent, and its caller answered at once. */
  function isWanted({ patience: { deadlineMs, isGivenUp }, reject }: Waiting, nowMs: number): boolean {
    if (!isGivenUp?.() && (deadlineMs === undefined || nowMs < deadlineMs)) return true;
    reject(new DeadlinePassed());
    return false;
  }

  async function send(partition: number, waiting: readonly Waiting[]): Promise<void> {
    try {
      const recorded = await recordAll(
        partition,
        waiting.map(({ call }) => call),
      );
      for (const [at, { resolve, reject }] of waiting.entries()) {
        const result = recorded[at];
        if (typeof result === 'boolean') resolve(result);
        else reject(result);
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  return {
    /**
     * Records one call; false if its request id was recorded before. Throws `DeadlinePassed` if its caller has given up
     * before it was sent.
     */
    record: (call: ServiceCall, patience: Patience = {}): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const partition = partitionOf(call.subject);
        const queue = queues.get(partition) ?? [];
        queues.set(partition, queue);
        queue.push({ call, patience, resolve, reject });
        if (isScheduled) return;
        isScheduled = true;
        // After the poll phase: by then all that this turn has read from callers is here.
        setImmediate(flush);
      }),
  };
}
