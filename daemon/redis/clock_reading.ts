import type { CircuitOf } from './circuit';
import type { StoreClocks } from './clocks';
import { translateFailure } from './failures';
import type { Keys } from './keys';
import { type Database, masterOf } from './nodes';
import type { StoreClock } from './store_clock';

const US_PER_S = 1_000_000;

/** Reads the clock of a partition; undefined if it is known. Rejects with `StoreUnavailable`. */
export type ReadClock = (partition: number) => Promise<void> | undefined;

export interface ClockReadingOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly clocks: StoreClocks;
  readonly circuitOf: CircuitOf;
}

/**
 * Returns a function that reads a partition's clock if it is not yet known on the connection, so that even the first
 * command sent there has a deadline.
 */
export function createClockReading({ redis, keys, clocks, circuitOf }: ClockReadingOptions): ReadClock {
  const readings = new Map<StoreClock, Promise<void>>();

  async function read(partition: number): Promise<void> {
    circuitOf(partition).assertClosed();
    const server = masterOf(redis, keys.control(partition));
    const sentMs = performance.now();
    const [seconds, microseconds] = await server.time().catch((error: unknown) => {
      throw translateFailure(error);
    });
    const storeUs = Number(seconds) * US_PER_S + Number(microseconds);
    clocks.of(partition).observe({ sentMs, receivedMs: performance.now(), storeUs });
  }

  return (partition) => {
    const clock = clocks.of(partition);
    if (clock.estimate() !== undefined) return undefined;
    const reading = readings.get(clock) ?? read(partition).finally(() => readings.delete(clock));
    readings.set(clock, reading);
    return reading;
  };
}
