import type { ServerUnaryCall } from '@grpc/grpc-js';
import { DeadlinePassed } from '../quota/errors';
import type { Patience } from '../quota/store';
import { Overloaded } from './guards/load_limit';
import { decideByMs } from './listening/timeouts';

/** How long the caller of an RPC waits for it. */
export interface RequestPatience extends Patience {
  /** Makes a signal that the caller has left; most methods need none. */
  signal(): AbortSignal;
  /** The error that the caller gets: `Overloaded` if the deadline that passed was not its own. */
  explain<Failure>(error: Failure): Failure | Overloaded;
}

type Waiting = Pick<ServerUnaryCall<unknown, unknown>, 'getDeadline' | 'cancelled' | 'once' | 'metadata'>;

/**
 * How long a caller waits, on the monotonic clock: a wall clock may be set in between. Under overload it may get less time
 * than it gives.
 */
export function patienceOf(call: Waiting): RequestPatience {
  const isGivenUp = () => call.cancelled;
  const signal = () => leavingSignal(call);
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  const ownMs = Number.isFinite(deadlineMs) ? performance.now() + deadlineMs - Date.now() : deadlineMs;
  const givenMs = decideByMs(call.metadata);
  const soonestMs = Math.min(ownMs, givenMs);
  const isOurs = () => givenMs < ownMs && performance.now() < ownMs;
  return {
    ...(Number.isFinite(soonestMs) && { deadlineMs: soonestMs }),
    isGivenUp,
    signal,
    explain: (error) => (error instanceof DeadlinePassed && isOurs() ? new Overloaded() : error),
  };
}

function leavingSignal(call: Waiting): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  call.once('cancelled', () => controller.abort());
  return controller.signal;
}
