import type { Logger } from 'pino';
import type { QuotaUnavailable } from '../../client/answers/unavailable';
import type { Failure } from '../../client/connection/report_failure';

const NO_ANSWER: ReadonlySet<string> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED']);

/** The daemon works, and will answer every request so until an operator corrects the token, the certificate or the role. */
const REJECTS_US: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED']);

/** Logs a request to the daemon that got no answer, or was rejected. */
export function logFailure(logger: Logger, { callId, error }: Failure): void {
  const { requestId, grpcStatus, daemonReason } = error;
  const { grpcCode, details } = causeOf(error);
  // A request in a batch fails without a cause of its own.
  const facts = { callId, requestId, grpcCode, grpcStatus, daemonReason, details: details ?? error.message };
  if (REJECTS_US.has(grpcStatus)) logger.error(facts, 'the quota daemon rejects the web tier');
  else if (NO_ANSWER.has(grpcStatus)) logger.warn(facts, 'the quota daemon did not answer');
  else logger.warn(facts, 'the quota daemon rejected a call');
}

function causeOf({ cause }: QuotaUnavailable): { grpcCode?: unknown; details?: unknown } {
  if (!(cause instanceof Error && 'code' in cause && 'details' in cause)) return {};
  return { grpcCode: cause.code, details: cause.details };
}
