import type { handleUnaryCall, Metadata, ServerErrorResponse, ServerUnaryCall } from '@grpc/grpc-js';
import { InvalidRequest } from '../quota/errors';
import type { Patience } from '../quota/store';
import { Unreadable } from './answerable';
import type { CallLog } from './call_log';
import { patienceOf } from './patience';
import { detailsTrailer, statusOf } from './status';

/** Counts the calls that are being answered, so that a drain knows when the last one is done. */
export interface InFlight {
  readonly count: number;
  track<T>(work: Promise<T>): Promise<T>;
}

export function createInFlight(): InFlight {
  let count = 0;
  return {
    get count() {
      return count;
    },
    async track(work) {
      count += 1;
      try {
        return await work;
      } finally {
        count -= 1;
      }
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
  handle: (request: Request, metadata: Metadata, patience: Patience) => Promise<Response>,
  { inFlight, log }: CallContext,
): handleUnaryCall<Request, Response> {
  async function answer(call: ServerUnaryCall<Request, Response>): Promise<Response> {
    return handle(readable(call.request), call.metadata, patienceOf(call));
  }

  return (call, callback) => {
    inFlight.track(answer(call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(failCall(error, { method: call.getPath(), log })),
    );
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
  { method, log }: { method: string; log: CallLog },
): ServerErrorResponse {
  const answered = statusOf(error, method);
  log.failed({ method, error });
  return {
    name: 'CallFailed',
    message: answered.message,
    code: answered.code,
    details: answered.message,
    metadata: detailsTrailer(answered),
  };
}
