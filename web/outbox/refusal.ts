import { status } from '@grpc/grpc-js';
import { QuotaUnavailable } from '../quota/unavailable';

// Whatever the call, the daemon would answer the same just now.
const NOT_ABOUT_THE_CALL = new Set<unknown>([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.CANCELLED,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
]);

/** True where the daemon, or what asks it, cannot take this very call; false where it can take none for now. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof QuotaUnavailable)) return true;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && !NOT_ABOUT_THE_CALL.has(cause.code);
}
