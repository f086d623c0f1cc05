import { backOff } from '../../environment/back_off';
import { within } from '../../environment/within';
import { createBacklogWatch } from './backlog_watch';
import { type DeliveryParts, deliverAll } from './delivery';
import { createPauses } from './pauses';
import type { Queue } from './queue';

/** A batch is sent, eight at a time and a second each at the worst, within the lease of its calls. */
const BATCH_SIZE = 32;

/** The calls left by other instances, and due rejected calls, are found within this time. */
const POLL_MS = 1_000;

/** How soon an unreachable daemon is tried again. */
const AWAY_DELAY = { minMs: 250, maxMs: 10_000 };

/** Longer than sending one call may take, and shorter than the time in which the web tier must end. */
const STOP_LIMIT_MS = 3_000;

export type Relay = {
  /** Announces a new call. It is sent at once, unless the daemon is known to be unreachable. */
  nudge(): void;
  /** Finishes the calls being sent, releases the rest, and ends, all within a bounded time. Never throws. */
  stop(): Promise<void>;
};

/** Sends the calls in the outbox to the daemon, each until it is acknowledged. Several may work on one table. */
export function startRelay<Call>(parts: DeliveryParts<Call> & { outbox: Queue<Call> }): Relay {
  const { outbox, logger } = parts;
  const pauses = createPauses();
  const watchBacklog = createBacklogWatch({ outbox, logger });
  let isStopping = false;
  let failures = 0;

  async function run(): Promise<void> {
    while (!isStopping) {
      // An unreachable daemon is tried with one call, not with many.
      const size = failures === 0 ? BATCH_SIZE : 1;
      const count = await deliverUpTo(size);
      if (count === undefined) {
        failures += 1;
        await pauses.unbroken(backOff(failures, AWAY_DELAY));
        continue;
      }
      if (failures > 0) logger.info({ failures }, 'the outbox is being emptied again');
      failures = 0;
      if (count < size) await pauses.untilNudged(POLL_MS);
    }
  }

  /** The number of processed calls; undefined if the daemon, or the database, is unreachable. */
  async function deliverUpTo(size: number): Promise<number | undefined> {
    try {
      await watchBacklog();
      const calls = await outbox.claim(size);
      const isThere = await deliverAll(parts, { calls, isStopping: () => isStopping });
      return isThere ? calls.length : undefined;
    } catch (err) {
      // The claimed calls are due again when their lease ends.
      logger.warn({ err }, 'the outbox cannot be used for now');
      return undefined;
    }
  }

  const running = run();
  return {
    nudge: pauses.nudge,
    async stop() {
      isStopping = true;
      pauses.end();
      const isEnded = await within(
        running.then(() => true),
        { limitMs: STOP_LIMIT_MS, late: false },
      );
      if (!isEnded) logger.warn('calls in flight were left to the next relay');
    },
  };
}
