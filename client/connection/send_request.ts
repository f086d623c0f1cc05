import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError } from '@grpc/grpc-js';
import { closedClient, toQuotaUnavailable } from '../answers/unavailable';
import { guarded } from '../guarded';

/** The metadata in which a caller sends the id under which it logs; in lower case, as gRPC wants it. */
const CALL_ID_KEY = 'x-request-id';

/** A unary method of a generated client. */
export type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** What every request is sent with. */
export type SendingOptions = {
  /** How long a request may take, retries included, unless it says otherwise itself. */
  deadlineMs: number;
  /** The id under which the caller logs what it does now. The daemon logs the request under it. */
  callId: () => string | undefined;
  /** Aborted once the client is closed. */
  closed: AbortSignal;
};

/** Sends one request and returns its response. Rejects with QuotaUnavailable. */
export type Send = <Request, Response>(sending: {
  method: Method<Request, Response>;
  request: Request;
  requestId: string;
  /** How long this one may take, if not as long as the others. */
  deadlineMs?: number | undefined;
}) => Promise<Response>;

/** Makes the one function through which all unary requests are sent. */
export function createSend({ deadlineMs: usualMs, callId, closed }: SendingOptions): Send {
  return async ({ method, request, requestId, deadlineMs = usualMs }) => {
    if (closed.aborted) throw closedClient(requestId);
    const deadline = Date.now() + deadlineMs;
    const metadata = new Metadata();
    const sentId = callId();
    // It may be a visitor's own, with characters that no header can hold: those fail no request.
    if (sentId !== undefined) guarded(() => metadata.set(CALL_ID_KEY, sentId), undefined);
    return new Promise((resolve, reject) => {
      method(request, metadata, { deadline }, (cause, response) => {
        if (cause === null) resolve(response);
        else reject(toQuotaUnavailable(cause, requestId));
      });
    });
  };
}
