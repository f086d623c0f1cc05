import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { CALL_ID_KEY } from '../../environment/call_id';
import { currentRequestId } from '../telemetry/request_id';
import { toQuotaUnavailable } from './unavailable';

/** A visitor waits no longer than this for one decision, retries included. */
const DEADLINE_MS = 1_000;

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

type Sending<Request, Response> = {
  method: Method<Request, Response>;
  request: Request;
  requestId: string;
  logger: Logger;
};

// The daemon, or the way to it, is out of order; any other code is an answer of the daemon's.
const NO_ANSWER = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED]);

/** The daemon works, and will answer every request so until somebody corrects the token, the certificate or the role. */
const REJECTS_US = new Set([status.UNAUTHENTICATED, status.PERMISSION_DENIED]);

/** Sends the daemon one request, within the deadline. Throws QuotaUnavailable if no answer came, and logs it. */
export function sendRequest<Request, Response>(sending: Sending<Request, Response>): Promise<Response> {
  const { method, request, requestId, logger } = sending;
  const callId = currentRequestId();
  const metadata = new Metadata();
  // The daemon logs the request under it, so that the two logs can be read together.
  if (callId !== undefined) metadata.set(CALL_ID_KEY, callId);
  return new Promise((resolve, reject) => {
    method(request, metadata, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
      if (error === null) return resolve(response);
      logFailure(logger, { callId, requestId, error });
      reject(toQuotaUnavailable(error, requestId));
    });
  });
}

type Failure = { callId: string | undefined; requestId: string; error: ServiceError };

function logFailure(logger: Logger, { callId, requestId, error }: Failure): void {
  const { code, details } = error;
  const facts = { callId, requestId, grpcCode: code, grpcStatus: status[code], details };
  if (REJECTS_US.has(code)) logger.error(facts, 'the quota daemon rejects the web tier');
  else if (NO_ANSWER.has(code)) logger.warn(facts, 'the quota daemon did not answer');
  else logger.warn(facts, 'the quota daemon rejected a call');
}
