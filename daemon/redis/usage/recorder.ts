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
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Records calls: those of one turn of the event loop together, in one call for each partition. */
export function createRecorder({ partitionOf, recordAll }: RecorderOptions) {
  const queues = new Map<number, Waiting[]>();
  let isScheduled = false;

  function flush(): void {
    isScheduled = false;
    for (const [partition, queue] of queues) {
      queues.delete(partition);
      for (let at = 0; at < queue.length; at += MAX_ENTRIES)
        void send(partition, queue.slice(at, at + MAX_ENTRIES));
    }
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
    /** Records one call; false if its request id was recorded before. */
    record: (call: ServiceCall): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const partition = partitionOf(call.subject);
        const queue = queues.get(partition) ?? [];
        queues.set(partition, queue);
        queue.push({ call, resolve, reject });
        if (isScheduled) return;
        isScheduled = true;
        // After the poll phase: by then all that this turn has read from callers is here.
        setImmediate(flush);
      }),
  };
}
