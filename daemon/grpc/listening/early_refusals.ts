import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Metadata, type Server, status } from '@grpc/grpc-js';
import type { Caller } from '../../access/fair_shares';
import type { CallerOf } from '../../access/known_callers';
import { blameCaller, isCompressed } from './compressed_requests';
import { serversOf } from './http2_servers';
import { hasReadableTimeout, shortenTimeout } from './timeouts';

/** Returns the refusal of a request, given its path as /package.Service/Method and its caller; undefined lets it in. */
export type EarlyRefusal = (
  path: string | undefined,
  callerOf: () => Caller | undefined,
) => OutgoingHttpHeaders | undefined;

export interface EarlyRefusing {
  readonly refusalOf: EarlyRefusal;
  readonly callerOf: CallerOf;
}

/**
 * Rejects requests as they come out of HTTP/2, before the library handles them, at a third of the usual cost. `server` is
 * already bound. The headers are the whole answer: gRPC's Trailers-Only.
 */
export function refuseEarly(server: Server, { refusalOf, callerOf }: EarlyRefusing): void {
  for (const listening of serversOf(server)) {
    const handlers = listening.listeners('stream');
    listening.removeAllListeners('stream');
    listening.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
      const refusal = hasReadableTimeout(headers)
        ? refusalOf(headers[':path'], () => callerOf(stream, headers))
        : UNREADABLE_TIMEOUT;
      if (refusal !== undefined) return refuse(stream, refusal);
      shortenTimeout(headers);
      if (isCompressed(headers)) blameCaller(stream);
      for (const handle of handlers) handle.call(listening, stream, headers, ...rest);
    });
  }
}

function refuse(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  // A caller that leaves causes a stream error, which is of no interest.
  stream.on('error', ignore);
  if (stream.closed || stream.destroyed) return;
  // Nothing reads the request, so Node closes the stream after the answer.
  stream.respond(headers, { endStream: true });
}

function ignore(): void {}

/** A gRPC status as the headers of an answer without a body (gRPC over HTTP/2, "Trailers-Only"). */
export function trailersOnly({
  code,
  message,
  metadata,
}: {
  code: status;
  message: string;
  metadata: Metadata;
}): OutgoingHttpHeaders {
  return {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': String(code),
    'grpc-message': encodeURI(message),
    ...metadata.toHttp2Headers(),
  };
}

const UNREADABLE_TIMEOUT = trailersOnly({
  code: status.INVALID_ARGUMENT,
  message: 'grpc-timeout must be 1 to 8 digits and one of H M S m u n',
  metadata: new Metadata(),
});
