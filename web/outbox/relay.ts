import { backOff } from '../../environment/back_off';
import { within } from '../../environment/within';
import { createBacklogWatch } from './backlog_watch';
import { type DeliveryParts, deliverAll } from './delivery';
import type { Outbox } from './outbox';
import { createPauses } from './pauses';

/** A batch is told, eight at a time and a second each at the worst, within the lease of its calls. */
const BATCH_SIZE = 32;

/** What other instances left, or a refused call that is due, is found within this time. */
const POLL_MS = 1_000;

/** How soon a daemon that is away is asked again. */
const AWAY_DELAY = { minMs: 250, maxMs: 10_000 };

/** Longer than telling one call may take, and shorter than the time in which the web tier must end. */
const STOP_LIMIT_MS = 3_000;

export type Relay = {
  /** Says that there is something to tell. It is told at once, unless the daemon is known to be away. */
  nudge(): void;
  /** Finishes what is being told, gives back what is not, and ends, all within a bound. Throws nothing. */
  stop(): Promise<void>;
};

/** Tells the daemon of the calls in the outbox, each until it is acknowledged. Several may work on one table. */
export function startRelay(parts: DeliveryParts & { outbox: Outbox }): Relay {
  const { outbox, logger } = parts;
  const pauses = createPauses();
  const watchBacklog = createBacklogWatch({ outbox, logger });
  let isStopping = false;
  let failures = 0;

  async function run(): Promise<void> {
    while (!isStopping) {
      // A daemon that is away is asked with one call, not with many.
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

  /** How many calls were dealt with; undefined where the daemon, or the database, is away. */
  async function deliverUpTo(size: number): Promise<number | undefined> {
    try {
      await watchBacklog();
      const calls = await outbox.claim(size);
      const isThere = await deliverAll(parts, { calls, isStopping: () => isStopping });
      return isThere ? calls.length : undefined;
    } catch (err) {
      // Whatever was claimed is due again when its lease ends.
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
