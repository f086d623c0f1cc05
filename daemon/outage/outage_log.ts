import type { Logger } from 'pino';
import type { Policy } from '../quota/policies';

/** Logs once when decisions start to be made without the store, and once when that ends. */
export interface OutageLog {
  /** A decision was made without the store. */
  degraded(policy: Policy): void;
  /** The store has made a decision. */
  answered(): void;
  /** Nothing waits to be written; so many admissions were dropped since the start. */
  written(droppedCount: number): void;
}

export function createOutageLog(logger: Logger): OutageLog {
  let decisions = 0;
  let isAnswered = false;
  let knownDropped = 0;

  return {
    degraded({ name, onStoreFailure }) {
      if (decisions === 0) {
        const first = { policy: name, rule: onStoreFailure };
        logger.warn(first, 'degraded: policies decide without the store');
      }
      decisions += 1;
      isAnswered = false;
    },
    answered() {
      isAnswered = true;
    },
    written(droppedCount) {
      if (decisions === 0 || !isAnswered) return;
      const dropped = droppedCount - knownDropped;
      knownDropped = droppedCount;
      logger.info({ decisions, dropped }, 'the store decides again, and holds what was admitted without it');
      if (dropped > 0)
        logger.error({ dropped }, 'admissions of the outage were dropped: the store never counts them');
      decisions = 0;
    },
  };
}
