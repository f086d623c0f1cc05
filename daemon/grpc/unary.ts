import type { handleUnaryCall, Metadata, ServerErrorResponse } from '@grpc/grpc-js';
import { InvalidRequest } from '../quota/errors';
import { callIdOf } from './call_id';
import type { CallLog } from './call_log';
import { Unreadable } from './decoding/answerable';
import { type CallPatience, patienceOf } from './patience';
import { detailsTrailer, statusOf } from './status';

/** Counts the calls that are being answered, so that a drain knows when the last one is done. */
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

/** What answering a call needs. */
export interface CallContext {
  readonly inFlight: InFlight;
  readonly log: CallLog;
}

/** Makes a gRPC handler of a function, so that whatever it throws is answered, logged where it is our fault, and safe. */
export function unary<Request, Response>(
  handle: (request: Request, metadata: Metadata, patience: CallPatience) => Promise<Response>,
  { inFlight, log }: CallContext,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    inFlight.begin();
    const answered = (response: Response) => {
      inFlight.end();
      callback(null, response);
    };
    const failed = (error: unknown) => {
      inFlight.end();
      callback(failCall(error, { method: call.getPath(), callId: callIdOf(call.metadata), log }));
    };
    try {
      handle(readable(call.request), call.metadata, patienceOf(call)).then(answered, failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** The message of a call. Throws `InvalidRequest` where it could not be read. */
export function readable<Request>(request: Request): Request {
  if (!(request instanceof Unreadable)) return request;
  throw new InvalidRequest(request.faults);
}

/** Logs why a call fails, and answers what its caller is told. */
export function failCall(
  error: unknown,
  { method, callId, log }: { method: string; callId: string; log: CallLog },
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
