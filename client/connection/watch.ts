import { randomUUID } from 'node:crypto';
import type { ServiceError } from '@grpc/grpc-js';
import type { QuotaAdminServiceClient } from '../../gen/quota/v1/quota_admin_service';
import { QuotaUnavailable, toQuotaUnavailable } from '../answers/unavailable';
import { toWatched, type WatchedDecision, type WatchFilter, watchRequest } from '../answers/watched';

type Watching = { admin: QuotaAdminServiceClient; closed: AbortSignal; filter: WatchFilter };

/**
 * The decisions of all daemons as they are made, from the first reading on, through one of them. Throws QuotaUnavailable if that one
 * ends the stream: until the next stream is open, decisions would be missed in silence. Ends if the client is closed.
 */
export async function* watchDecisions({
  admin,
  closed,
  filter,
}: Watching): AsyncGenerator<WatchedDecision, void, undefined> {
  const requestId = randomUUID();
  if (closed.aborted) return;
  const stream = admin.watchDecisions(watchRequest(filter));
  const cancel = () => stream.cancel();
  // Cancelling is an error of the stream, also when nobody reads it any more.
  stream.on('error', () => undefined);
  closed.addEventListener('abort', cancel);
  try {
    for await (const decision of stream) yield toWatched(decision);
  } catch (error) {
    if (!closed.aborted) throw asUnavailable(error as ServiceError | QuotaUnavailable, requestId);
  } finally {
    closed.removeEventListener('abort', cancel);
    cancel();
  }
  if (!closed.aborted) throw new QuotaUnavailable({ requestId, reason: 'the daemon ended the stream' });
}

function asUnavailable(error: ServiceError | QuotaUnavailable, requestId: string): QuotaUnavailable {
  return error instanceof QuotaUnavailable ? error : toQuotaUnavailable(error, requestId);
}
