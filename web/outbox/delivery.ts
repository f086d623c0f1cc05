import type { Logger } from 'pino';
import { backOff } from '../../environment/back_off';
import type { ServiceCall } from '../quota/client';
import type { Outbox, WaitingCall } from './outbox';
import { isRefusal } from './refusal';

/** So many calls are told at once: enough to hide the round trips, few enough for a daemon that is busy. */
const WORKERS = 8;

/** A refused call waits for somebody to mend something, such as the policies file. */
const REFUSED_DELAY = { minMs: 1_000, maxMs: 10 * 60_000 };

export type DeliveryParts = {
  outbox: Pick<Outbox, 'remove' | 'release' | 'postpone'>;
  /** Tells the daemon one call; safe to repeat. */
  record: (call: ServiceCall) => Promise<void>;
  logger: Logger;
};

/** Tells the daemon claimed calls, until `isStopping`, and gives back those it did not tell. False where the daemon is away. */
export async function deliverAll(
  parts: DeliveryParts,
  { calls, isStopping }: { calls: readonly WaitingCall[]; isStopping: () => boolean },
): Promise<boolean> {
  const queue = calls.values();
  const untold: number[] = [];
  let isAway = false;
  const work = async () => {
    for (const waiting of queue) {
      const isTold = !isAway && !isStopping() && (await deliver(parts, waiting));
      if (isTold) continue;
      untold.push(waiting.id);
      // The others are not tried: a stop leaves them to the next relay, a daemon that is away would not hear them.
      isAway ||= !isStopping();
    }
  };
  // All of them end before any failure is told, so that no worker outlives its batch.
  const ends = await Promise.allSettled(Array.from({ length: WORKERS }, work));
  await parts.outbox.release(untold);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return !isAway;
}

/** False where the daemon could not be told; true also where it cannot take this call, which is then put off. */
async function deliver(
  { outbox, record, logger }: DeliveryParts,
  { id, refusals, call }: WaitingCall,
): Promise<boolean> {
  try {
    await record(call);
  } catch (err) {
    if (!isRefusal(err)) return false;
    const delayMs = backOff(refusals + 1, REFUSED_DELAY);
    logger.error({ err, call, refusals: refusals + 1, delayMs }, 'a call is refused, and waits');
    await outbox.postpone({ id, delayMs });
    return true;
  }
  await outbox.remove(id);
  return true;
}
