import type { Logger } from 'pino';
import { StoreMismatch, StoreUnavailable } from '../quota/errors';
import { type Claims, claimStore } from './claims';
import { replyCode, translateFailure } from './failures';
import type { Keys } from './keys';
import type { Database } from './nodes';

/** Whether the store may be used, and its claim, which is renewed if the store turns out to be another one. */
export interface Opening {
  /** Throws `StoreMismatch` if the store can never be used, `StoreUnavailable` if it does not answer yet. */
  open(): Promise<void>;
  /** Whether the store can be used, as far as is known. */
  isOpen(): boolean;
  /** What a partition is claimed for. Throws `StoreUnavailable` unless the store is open. */
  claimOf(partition: number): string;
  /**
   * Checks that a partition still has the claim that this daemon knows; if not, claims it again and throws
   * `StoreUnavailable`. For operators' requests: admissions carry the claim themselves.
   */
  confirm(partition: number): Promise<void>;
  /** Runs a call on one partition or on all. If the store has another claim than expected, it is closed and claimed again. */
  guard<Result>(call: () => Promise<Result>, partition?: number): Promise<Result>;
}

export interface OpeningOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly partitions: number;
  readonly logger: Logger;
  /** Called each time the store has been opened. */
  readonly onOpen: () => Promise<void>;
  /** What is claimed; the whole store unless given. */
  readonly claim?: () => Promise<Claims>;
}

/** How long to wait before retrying a failed claim. */
export const REOPEN_MS = 500;

export function createOpening(options: OpeningOptions): Opening {
  const { redis, keys, partitions, logger, onOpen } = options;
  const { claim = () => claimStore(redis, keys, partitions) } = options;
  let claims: Claims | undefined;
  let whyClosed: unknown = new Error('the store has not been claimed yet');
  let reopening: Promise<void> | undefined;

  async function open(): Promise<void> {
    claims = await claim();
    await onOpen();
  }

  /** The store was emptied or replaced, so the old claim no longer holds. */
  async function claimAnew(): Promise<void> {
    claims = undefined;
    try {
      await open();
      logger.warn('the store was emptied or replaced; its data is gone, and it was claimed again');
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
    const known = claims?.[partition];
    if (known === undefined) throw new StoreUnavailable({ cause: whyClosed });
    return known;
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
        if (isStale(error)) await reopen();
        throw error;
      }
    },
  };
}

/** Whether the store has turned out not to be the one that was claimed. */
export function isStale(error: unknown): boolean {
  return error instanceof StoreUnavailable && replyCode(error.cause) === 'STALECLAIM';
}
