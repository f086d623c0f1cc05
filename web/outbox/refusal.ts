import { status } from '@grpc/grpc-js';
import { QuotaUnavailable } from '../../client/answers/unavailable';

// The daemon would now answer the same to any call.
const NOT_ABOUT_THE_CALL = new Set<unknown>([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.CANCELLED,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
]);

/** True if the daemon or its client rejects this call in particular; false if it can take none for now. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof QuotaUnavailable)) return true;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && !NOT_ABOUT_THE_CALL.has(cause.code);
}
