import type { handleUnaryCall, Metadata, ServerErrorResponse, ServerUnaryCall } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import {
  InvalidRequest,
  StoreUnavailable,
  UnknownLimit,
  UnknownPolicy,
  UnknownService,
} from '../quota/errors';
import { detailsTrailer, statusOf } from './status';

/** A request that could not be read. It stands in the message's place, so that a handler can answer it in form. */
export class Unreadable {
  constructor(readonly cause: unknown) {}
}

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
  readonly logger: Logger;
}

/** Makes a gRPC handler of a function, so that whatever it throws is answered, logged where it is our fault, and safe. */
export function unary<Request, Response>(
  /** Its last argument makes a signal that says when the caller has left; most methods need none. */
  handle: (request: Request, metadata: Metadata, signal: () => AbortSignal) => Promise<Response>,
  { inFlight, logger }: CallContext,
): handleUnaryCall<Request, Response> {
  async function answer(call: ServerUnaryCall<Request, Response>): Promise<Response> {
    return handle(readable(call.request), call.metadata, () => leavingSignal(call));
  }

  return (call, callback) => {
    inFlight.track(answer(call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(failCall(error, { method: call.getPath(), logger })),
    );
  };
}

function leavingSignal(call: ServerUnaryCall<unknown, unknown>): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  call.once('cancelled', () => controller.abort());
  return controller.signal;
}

/** The message of a call. Throws `InvalidRequest` where it could not be read. */
export function readable<Request>(request: Request): Request {
  if (!(request instanceof Unreadable)) return request;
  throw new InvalidRequest([{ field: 'request', description: 'is not a readable message of this method' }]);
}

/** Logs why a call fails, and answers what its caller is told. */
export function failCall(
  error: unknown,
  { method, logger }: { method: string; logger: Logger },
): ServerErrorResponse {
  const answered = statusOf(error);
  logFailure(logger, { method, error });
  return {
    name: 'CallFailed',
    message: answered.message,
    code: answered.code,
    details: answered.message,
    metadata: detailsTrailer(answered),
  };
}

/** A caller's fault and an outage are told in one line; only a fault of ours needs its stack. */
export function logFailure(logger: Logger, { method, error }: { method: string; error: unknown }): void {
  const reason = statusOf(error).message;
  if (error instanceof StoreUnavailable)
    logger.warn({ method, reason, cause: String(error.cause) }, 'request failed');
  else if (isCallersFault(error)) logger.info({ method, reason }, 'request refused');
  else logger.error({ method, err: error }, 'request failed');
}

const CALLERS_FAULTS = [InvalidRequest, UnknownPolicy, UnknownLimit, UnknownService];

function isCallersFault(error: unknown): boolean {
  return CALLERS_FAULTS.some((fault) => error instanceof fault);
}
