import type { Logger } from 'pino';
import { backOff } from '../../environment/back_off';
import type { Queue, Waiting } from './queue';
import { isRefusal } from './refusal';

/** How many calls are sent at once: enough to hide the round trips, few enough for a busy daemon. */
const WORKERS = 8;

/** A rejected call waits for a fix, for example of the policies file. */
const REFUSED_DELAY = { minMs: 1_000, maxMs: 10 * 60_000 };

export type DeliveryParts<Call> = {
  outbox: Pick<Queue<Call>, 'remove' | 'release' | 'postpone'>;
  /** Sends the daemon one call; safe to repeat. */
  send: (call: Call) => Promise<void>;
  logger: Logger;
};

/** Sends claimed calls until stopped, and releases the unsent ones. False if the daemon is unreachable. */
export async function deliverAll<Call>(
  parts: DeliveryParts<Call>,
  { calls, isStopping }: { calls: readonly Waiting<Call>[]; isStopping: () => boolean },
): Promise<boolean> {
  const queue = calls.values();
  const untold: number[] = [];
  let isAway = false;
  const work = async () => {
    for (const waiting of queue) {
      const isTold = !isAway && !isStopping() && (await deliver(parts, waiting));
      if (isTold) continue;
      untold.push(waiting.id);
      // The others are not tried: after a stop the next relay sends them, and an unreachable daemon would not get them.
      isAway ||= !isStopping();
    }
  };
  // Each worker ends before any failure is reported, so that none outlives its batch.
  const ends = await Promise.allSettled(Array.from({ length: WORKERS }, work));
  await parts.outbox.release(untold);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return !isAway;
}

/** False if the daemon was unreachable; true also if it rejects this call, which is then postponed. */
async function deliver<Call>(
  { outbox, send, logger }: DeliveryParts<Call>,
  { id, refusals, call }: Waiting<Call>,
): Promise<boolean> {
  try {
    await send(call);
  } catch (err) {
    if (!isRefusal(err)) return false;
    const delayMs = backOff(refusals + 1, REFUSED_DELAY);
    logger.error({ err, call, refusals: refusals + 1, delayMs }, 'a call was rejected, and waits');
    await outbox.postpone({ id, delayMs });
    return true;
  }
  await outbox.remove(id);
  return true;
}
