import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { Patience } from '../quota/store';

/** How long a caller waits, on the monotonic clock: a wall clock may be set in between. */
export function patienceOf(
  call: Pick<ServerUnaryCall<unknown, unknown>, 'getDeadline' | 'cancelled'>,
): Patience {
  const isGivenUp = () => call.cancelled;
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  if (!Number.isFinite(deadlineMs)) return { isGivenUp };
  return { deadlineMs: performance.now() + deadlineMs - Date.now(), isGivenUp };
}
