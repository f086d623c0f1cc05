import type { Response } from 'express';
import { quotaHeaders, retryAfterHeader } from '../../client/http/headers';
import type { Admission } from './client';

/** Sets the headers of the daemon's decision: the limits' state and, after a denial, when to come back. */
export function setRateLimitHeaders(res: Response, admission: Admission): void {
  res.set(quotaHeaders(admission));
}

/** Sets the header with the time to come back, if the daemon denied and waiting helps. */
export function setRetryAfter(res: Response, admission: Admission): void {
  res.set(retryAfterHeader(admission));
}
