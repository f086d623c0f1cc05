import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { Patience } from '../quota/store';

/** How long the caller of an RPC waits for it. */
export interface RequestPatience extends Patience {
  /** Makes a signal that the caller has left; most methods need none. */
  signal(): AbortSignal;
}

type Waiting = Pick<ServerUnaryCall<unknown, unknown>, 'getDeadline' | 'cancelled' | 'once'>;

/** How long a caller waits, on the monotonic clock: a wall clock may be set in between. */
export function patienceOf(call: Waiting): RequestPatience {
  const isGivenUp = () => call.cancelled;
  const signal = () => leavingSignal(call);
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  if (!Number.isFinite(deadlineMs)) return { isGivenUp, signal };
  return { deadlineMs: performance.now() + deadlineMs - Date.now(), isGivenUp, signal };
}

function leavingSignal(call: Waiting): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  call.once('cancelled', () => controller.abort());
  return controller.signal;
}
