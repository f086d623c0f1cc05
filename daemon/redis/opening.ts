import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { StoreMismatch, StoreUnavailable } from '../quota/errors';
import { type Claims, claimStore } from './claims';
import { replyCode, translateFailure } from './failures';
import type { Keys } from './keys';

/** Whether the store may be used: what it is claimed for, which is claimed anew if the store turns out to be another. */
export interface Opening {
  /** Throws `StoreMismatch` if the store can never be used, `StoreUnavailable` if it does not answer yet. */
  open(): Promise<void>;
  /** Whether the store can be used, as far as is known. */
  isOpen(): boolean;
  /** What a partition is claimed for. Throws `StoreUnavailable` unless the store is open. */
  claimOf(partition: number): string;
  /**
   * Asks the store whether a partition is still claimed as this daemon knows it; otherwise it is claimed anew. Throws
   * `StoreUnavailable` then. For what operators ask: admissions carry the claim themselves.
   */
  confirm(partition: number): Promise<void>;
  /** Runs a call. If the store has another claim than the call expected, it is closed, and claimed anew. */
  guard<Result>(call: () => Promise<Result>): Promise<Result>;
}

export interface OpeningOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly partitions: number;
  readonly logger: Logger;
  /** Is called each time that the store was opened. */
  readonly onOpen: () => Promise<void>;
}

/** How long to wait before a store that could not be claimed anew is tried again. */
const REOPEN_MS = 500;

export function createOpening({ redis, keys, partitions, logger, onOpen }: OpeningOptions): Opening {
  let claims: Claims | undefined;
  let whyClosed: unknown = new Error('the store has not been claimed yet');
  let reopening: Promise<void> | undefined;

  async function open(): Promise<void> {
    claims = await claimStore(redis, keys, partitions);
    await onOpen();
  }

  /** The store was emptied, or is another one: whatever it was claimed for, it is not now. */
  async function claimAnew(): Promise<void> {
    claims = undefined;
    try {
      await open();
      logger.warn('the store was emptied or replaced; what it held is gone, and it was claimed anew');
    } catch (error) {
      const isNews = !(whyClosed instanceof StoreMismatch);
      whyClosed = error;
      if (error instanceof StoreMismatch && isNews)
        logger.error({ reason: error.message }, 'the store cannot be used any more');
      // It may answer again, or be emptied once more.
      setTimeout(() => void (claims ?? reopen()), REOPEN_MS).unref();
    }
  }

  function reopen(): Promise<void> {
    reopening ??= claimAnew().finally(() => {
      reopening = undefined;
    });
    return reopening;
  }

  function claimOf(partition: number): string {
    const claim = claims?.[partition];
    if (claim === undefined) throw new StoreUnavailable({ cause: whyClosed });
    return claim;
  }

  return {
    open,
    isOpen: () => claims !== undefined,
    claimOf,

    async confirm(partition) {
      const known = claimOf(partition);
      const kept = await redis.hget(keys.control(partition), 'claim').catch((error: unknown) => {
        throw translateFailure(error);
      });
      if (kept === known) return;
      await reopen();
      throw new StoreUnavailable({ cause: new Error('the store was emptied or replaced') });
    },

    async guard(call) {
      try {
        return await call();
      } catch (error) {
        const isStale = error instanceof StoreUnavailable && replyCode(error.cause) === 'STALECLAIM';
        if (isStale) await reopen();
        throw error;
      }
    },
  };
}
