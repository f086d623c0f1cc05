import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { InvalidRequest, StoreUnavailable, UnknownPolicy, UnknownService } from '../quota/errors';
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

/** Makes a gRPC handler of a function, so that whatever it throws is answered, logged where it is our fault, and safe. */
export function unary<Request, Response>(
  handle: (request: Request) => Promise<Response>,
  { inFlight, logger }: { inFlight: InFlight; logger: Logger },
): handleUnaryCall<Request, Response> {
  async function answer(call: ServerUnaryCall<Request, Response>): Promise<Response> {
    if (call.request instanceof Unreadable) {
      throw new InvalidRequest([
        { field: 'request', description: 'is not a readable message of this method' },
      ]);
    }
    return handle(call.request);
  }

  return (call, callback) => {
    inFlight.track(answer(call)).then(
      (response) => callback(null, response),
      (error: unknown) => {
        const answered = statusOf(error);
        logFailure(logger, { method: call.getPath(), error, reason: answered.message });
        callback({ code: answered.code, details: answered.message, metadata: detailsTrailer(answered) });
      },
    );
  };
}

/** A caller's fault and an outage are told in one line; only a fault of ours needs its stack. */
function logFailure(
  logger: Logger,
  { method, error, reason }: { method: string; error: unknown; reason: string },
) {
  if (error instanceof StoreUnavailable)
    logger.warn({ method, reason, cause: String(error.cause) }, 'request failed');
  else if (isCallersFault(error)) logger.info({ method, reason }, 'request refused');
  else logger.error({ method, err: error }, 'request failed');
}

function isCallersFault(error: unknown): boolean {
  return error instanceof InvalidRequest || error instanceof UnknownPolicy || error instanceof UnknownService;
}
