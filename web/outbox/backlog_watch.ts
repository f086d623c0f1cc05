import type { Logger } from 'pino';
import type { Outbox } from './outbox';

/** Calls are told within seconds where nothing is wrong. */
const OLD_MS = 60_000;

/** How often a backlog is looked for, and so how often it is complained of. */
const LOOK_EVERY_MS = 60_000;

/** Makes what looks at the outbox now and then, from its first call on, and warns where a call has waited for long. */
export function createBacklogWatch({
  outbox,
  logger,
}: {
  outbox: Pick<Outbox, 'backlog'>;
  logger: Logger;
}): () => Promise<void> {
  let nextLookMs = 0;
  return async () => {
    if (Date.now() < nextLookMs) return;
    nextLookMs = Date.now() + LOOK_EVERY_MS;
    const { waiting, oldestAgeMs } = await outbox.backlog();
    if (oldestAgeMs > OLD_MS) logger.warn({ waiting, oldestAgeMs }, 'calls wait to be recorded');
  };
}
