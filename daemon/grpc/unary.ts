import type { handleUnaryCall, Metadata, ServerErrorResponse } from '@grpc/grpc-js';
import { InvalidRequest } from '../quota/errors';
import { callIdOf } from './call_id';
import { Unreadable } from './decoding/answerable';
import { patienceOf, type RequestPatience } from './patience';
import type { RequestLog } from './request_log';
import { detailsTrailer, statusOf } from './status';

/** Counts the requests in progress, so that a drain knows when the last one is done. */
export interface InFlight {
  readonly count: number;
  begin(): void;
  end(): void;
}

export function createInFlight(): InFlight {
  let count = 0;
  return {
    get count() {
      return count;
    },
    begin() {
      count += 1;
    },
    end() {
      count -= 1;
    },
  };
}

/** What answering a request needs. */
export interface RequestContext {
  readonly inFlight: InFlight;
  readonly log: RequestLog;
  /** Called for each request that is rejected as too many once it is decoded, with its path. */
  readonly onOverloaded?: (path: string) => void;
}

/** Makes a gRPC handler from a function: anything it throws becomes a safe answer, logged if it is our fault. */
export function unary<Request, Response>(
  handle: (request: Request, metadata: Metadata, patience: RequestPatience) => Promise<Response>,
  { inFlight, log, onOverloaded }: RequestContext,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    inFlight.begin();
    const patience = patienceOf(call);
    const answered = (response: Response) => {
      inFlight.end();
      callback(null, response);
    };
    const failed = (cause: unknown) => {
      inFlight.end();
      const error = patience.explain(cause);
      if (error !== cause) onOverloaded?.(call.getPath());
      callback(failRequest(error, { method: call.getPath(), callId: callIdOf(call.metadata), log }));
    };
    try {
      handle(readable(call.request), call.metadata, patience).then(answered, failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** The message of a request. Throws `InvalidRequest` if it could not be read. */
export function readable<Request>(request: Request): Request {
  if (!(request instanceof Unreadable)) return request;
  throw new InvalidRequest(request.faults);
}

/** Logs why a request fails, and returns the status for its caller. */
export function failRequest(
  error: unknown,
  { method, callId, log }: { method: string; callId: string; log: RequestLog },
): ServerErrorResponse {
  const answered = statusOf(error, method);
  log.failed({ method, callId, error });
  return {
    name: 'CallFailed',
    message: answered.message,
    code: answered.code,
    details: answered.message,
    metadata: detailsTrailer(answered),
  };
}
