import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { currentRequestId } from '../request_id';
import { toQuotaUnavailable } from './unavailable';

/** A visitor waits no longer than this for one decision, retries included. */
const DEADLINE_MS = 1_000;

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

type Question<Request, Response> = {
  method: Method<Request, Response>;
  request: Request;
  requestId: string;
  logger: Logger;
};

/** Asks the daemon once, within the deadline. Throws QuotaUnavailable where no answer came, and logs it. */
export function ask<Request, Response>(question: Question<Request, Response>): Promise<Response> {
  const { method, request, requestId, logger } = question;
  const callId = currentRequestId();
  const metadata = new Metadata();
  // The daemon logs the call under it, so that the two logs can be read together.
  if (callId !== undefined) metadata.set('x-request-id', callId);
  return new Promise((resolve, reject) => {
    method(request, metadata, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
      if (error === null) return resolve(response);
      logger.warn(
        { callId, requestId, grpcCode: error.code, details: error.details },
        'the quota daemon did not answer',
      );
      reject(toQuotaUnavailable(error, requestId));
    });
  });
}
