import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { ServiceError } from '@grpc/grpc-js';
import type { QuotaAdminServiceClient } from '../../gen/quota/v1/quota_admin_service';
import { QuotaUnavailable, toQuotaUnavailable } from '../answers/unavailable';
import { toWatched, type WatchedDecision, type WatchFilter, watchRequest } from '../answers/watched';

/**
 * The decisions of all these daemons as they are made, from the first reading on. Throws QuotaUnavailable when a stream ends: from
 * then on decisions could be missed in silence. Closes the clients at its end.
 */
export async function* watchDecisions(
  daemons: readonly QuotaAdminServiceClient[],
  filter: WatchFilter,
): AsyncGenerator<WatchedDecision, void, undefined> {
  const requestId = randomUUID();
  const merged = new PassThrough({ objectMode: true });
  const streams = daemons.map((daemon) => daemon.watchDecisions(watchRequest(filter)));
  for (const stream of streams) {
    stream.on('error', (error: ServiceError) => merged.destroy(toQuotaUnavailable(error, requestId)));
    stream.on('end', () => merged.destroy(new QuotaUnavailable({ requestId, reason: 'a daemon stopped' })));
    stream.pipe(merged, { end: false });
  }
  try {
    for await (const decision of merged) yield toWatched(decision);
  } finally {
    for (const stream of streams) stream.cancel();
    for (const daemon of daemons) daemon.close();
  }
}
