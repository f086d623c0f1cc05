import type { Keys } from './keys';
import { type Database, isCluster, masterOf, watchConnections } from './nodes';
import { type ClockEstimate, createStoreClock, type StoreClock } from './store_clock';

/** The clocks of a store: one for a single server; on a Cluster each partition has its master's. */
export interface StoreClocks {
  of(partition: number): StoreClock;
  /** What is known of each clock. */
  estimates(): readonly ClockEstimate[];
}

export interface StoreClocksOptions {
  readonly redis: Database;
  readonly keys: Keys;
  /** Called with how far a partition's clock jumped forward (backward if negative), also after a failover. */
  readonly onJump: (jumpUs: number) => void;
}

export function createStoreClocks({ redis, keys, onJump }: StoreClocksOptions): StoreClocks {
  const clocks = new Map<number, StoreClock>();
  const placeOf = isCluster(redis) ? (partition: number) => partition : () => 0;

  function isOn(server: object, partition: number): boolean {
    try {
      return masterOf(redis, keys.control(partition)) === server;
    } catch {
      // It is unknown which master it has.
      return true;
    }
  }

  watchConnections(redis, {
    close(server) {
      for (const [partition, clock] of clocks) if (isOn(server, partition)) clock.reset();
    },
  });

  return {
    of(partition) {
      const place = placeOf(partition);
      const known = clocks.get(place) ?? createStoreClock({ onJump });
      clocks.set(place, known);
      return known;
    },
    estimates: () => [...clocks.values()].flatMap((clock) => clock.estimate() ?? []),
  };
}
