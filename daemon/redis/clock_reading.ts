import { StoreUnavailable } from '../quota/errors';
import type { CircuitOf } from './circuit';
import type { StoreClocks } from './clocks';
import { translateFailure } from './failures';
import type { Keys } from './keys';
import { type Database, masterOf } from './nodes';
import type { StoreClock } from './store_clock';

const US_PER_S = 1_000_000;

/** Reads the clock of a partition. Rejects with `StoreUnavailable`. */
export interface ClockReader {
  read(partition: number): Promise<void>;
  /** The same if it is not yet known on the connection; undefined if it is. */
  readUnknown(partition: number): Promise<void> | undefined;
}

export interface ClockReaderOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly clocks: StoreClocks;
  readonly circuitOf: CircuitOf;
}

/**
 * Reads a partition's clock besides the replies that carry it: before the first command on a connection, so that even that
 * one has a deadline, and if nobody asks for anything.
 */
export function createClockReader({ redis, keys, clocks, circuitOf }: ClockReaderOptions): ClockReader {
  const readings = new Map<StoreClock, Promise<void>>();

  async function read(partition: number): Promise<void> {
    circuitOf(partition).assertClosed();
    const server = masterOf(redis, keys.control(partition));
    const sentMs = performance.now();
    const [seconds, microseconds] = await server.time().catch((error: unknown) => {
      throw translateFailure(error);
    });
    if (masterOf(redis, keys.control(partition)) !== server)
      throw new StoreUnavailable({ cause: new Error('another server has become the master') });
    const storeUs = Number(seconds) * US_PER_S + Number(microseconds);
    clocks.of(partition).observe({ sentMs, receivedMs: performance.now(), storeUs });
  }

  return {
    read,
    readUnknown(partition) {
      const clock = clocks.of(partition);
      if (clock.estimate() !== undefined) return undefined;
      const reading = readings.get(clock) ?? read(partition).finally(() => readings.delete(clock));
      readings.set(clock, reading);
      return reading;
    },
  };
}
