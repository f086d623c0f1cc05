import type { Logger } from 'pino';
import type { Patience } from '../../quota/store';
import type { ServiceCall } from '../../quota/usage';
import type { Wait } from '../../quota/waits';
import type { CircuitOf } from '../circuit';
import { createClockReader } from '../clock_reading';
import { createStoreClocks } from '../clocks';
import type { Durables } from '../durables';
import type { Keys } from '../keys';
import type { Database } from '../nodes';
import type { Opening } from '../opening';
import { type CallEntry, type Recorded, recordCalls } from './calls';
import { createRecorder } from './recorder';

const ON_DISK: Wait = { isForDisk: true, replicas: 0 };

export interface RecordingOptions {
  readonly calls: Database;
  readonly keys: Keys;
  readonly partitions: number;
  /** The most bytes of the log of calls, over all partitions. */
  readonly logBytes: number;
  readonly opening: Pick<Opening, 'claimOf' | 'guard'>;
  readonly circuitOf: CircuitOf;
  /** Calls are answered once they are on disk, if this is given. */
  readonly durables: Durables | undefined;
  readonly logger: Logger;
}

export interface Recording {
  /** As `QuotaStore.recordCall`. */
  record(call: ServiceCall, patience?: Patience): Promise<boolean>;
}

/** Sends calls to Redis: joined with others, before their deadline, and waits for the disk if configured. */
export function createRecording(options: RecordingOptions): Recording {
  const { calls, keys, partitions, logBytes, opening, circuitOf, durables, logger } = options;
  const clocks = createStoreClocks({
    redis: calls,
    keys,
    onJump: (jumpUs) =>
      logger.warn({ jumpMs: Math.round(jumpUs / 1000) }, 'the clock of the record of calls has jumped'),
  });

  async function send(on: Database, partition: number, entries: readonly CallEntry[]) {
    const place = { calls: on, keys, partitions, claim: opening.claimOf(partition), logBytes };
    const sentMs = performance.now();
    const { nowUs, recorded } = await recordCalls(place, partition, entries);
    clocks.of(partition).observe({ sentMs, receivedMs: performance.now(), storeUs: nowUs });
    return recorded;
  }

  async function sendDurably({ of }: Durables, partition: number, entries: readonly CallEntry[]) {
    const durable = await of(ON_DISK);
    const circuit = circuitOf(partition);
    circuit.assertClosed();
    // The circuit does not send at once, and the wait for the disk must be sent after the write.
    const { result, confirmed } = durable.run(partition, (master) => send(master, partition, entries));
    const recorded = await circuit.run(() => result);
    await confirmed;
    return recorded;
  }

  return createRecorder({
    partitionOf: keys.partitionOf,
    toStoreUs: (monotonicMs, partition) => clocks.of(partition).deadlineUs(monotonicMs),
    readClock: createClockReader({ redis: calls, keys, clocks, circuitOf }).readUnknown,
    recordAll: (partition, entries): Promise<readonly Recorded[]> =>
      opening.guard(
        () =>
          durables === undefined
            ? circuitOf(partition).run(() => send(calls, partition, entries))
            : sendDurably(durables, partition, entries),
        partition,
      ),
  });
}
