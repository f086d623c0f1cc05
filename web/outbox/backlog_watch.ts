import type { Logger } from 'pino';
import type { Queue } from './queue';

/** Normally, calls are sent within seconds. */
const OLD_MS = 60_000;

/** How often the outbox is checked, and so how often a backlog is logged. */
const LOOK_EVERY_MS = 60_000;

/** Checks the outbox from its first call on, at intervals, and warns if a call has waited for long. */
export function createBacklogWatch({
  outbox,
  logger,
}: {
  outbox: Pick<Queue<unknown>, 'backlog'>;
  logger: Logger;
}): () => Promise<void> {
  let nextLookMs = 0;
  return async () => {
    if (Date.now() < nextLookMs) return;
    nextLookMs = Date.now() + LOOK_EVERY_MS;
    const { waiting, oldestAgeMs } = await outbox.backlog();
    if (oldestAgeMs > OLD_MS) logger.warn({ waiting, oldestAgeMs }, 'calls wait in the outbox');
  };
}
