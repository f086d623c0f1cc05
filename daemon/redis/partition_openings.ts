import type { Logger } from 'pino';
import { StoreUnavailable } from '../quota/errors';
import { type Claims, claimPartition } from './claims';
import type { Keys } from './keys';
import type { Database } from './nodes';
import { createOpening, isStale, type Opening, REOPEN_MS } from './opening';

export interface PartitionOpeningsOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly partitions: number;
  readonly logger: Logger;
  /** Called each time a partition has been opened. */
  readonly onOpen: (partition: number) => Promise<void>;
}

/**
 * The opening of a Cluster: one per partition, as each has a master that may fail alone. The store is open as soon as one
 * partition is. The first partition is claimed before the others: of two daemons that claim at once with different
 * numbers of partitions, one loses there.
 */
export function createPartitionOpenings(options: PartitionOpeningsOptions): Opening {
  const { partitions, logger, onOpen } = options;
  const openings = Array.from({ length: partitions }, (_, partition) =>
    createOpening({
      ...options,
      onOpen: () => onOpen(partition),
      claim: async () => only(partition, await claimPartition(options, partition)),
    }),
  );
  const of = (partition: number) => openings[partition] as Opening;

  /** Opens a partition, and retries until it answers. Throws `StoreMismatch`. */
  async function openLater(opening: Opening): Promise<void> {
    try {
      await opening.open();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      const again = () =>
        openLater(opening).catch((fault: unknown) => logger.error({ err: fault }, MISMATCH));
      setTimeout(again, REOPEN_MS).unref();
    }
  }

  /** Looks for partitions that are no longer the store that was claimed. */
  async function confirmAll(): Promise<void> {
    await Promise.allSettled(openings.map((opening, partition) => opening.confirm(partition)));
  }

  return {
    async open() {
      const [first, ...others] = openings;
      if (first?.isOpen() === false) await first.open();
      await Promise.all(others.filter((opening) => !opening.isOpen()).map(openLater));
    },
    isOpen: () => openings.some((opening) => opening.isOpen()),
    claimOf: (partition) => of(partition).claimOf(partition),
    confirm: (partition) => of(partition).confirm(partition),
    async guard(call, partition) {
      if (partition !== undefined) return of(partition).guard(call);
      try {
        return await call();
      } catch (error) {
        if (isStale(error)) await confirmAll();
        throw error;
      }
    },
  };
}

const MISMATCH = 'a partition of the store cannot be used';

/** The claims as an opening keeps them, of one partition alone. */
function only(partition: number, claim: string): Claims {
  const claims: string[] = [];
  claims[partition] = claim;
  return claims;
}
