import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Metadata, Server, status } from '@grpc/grpc-js';
import type { Caller } from '../../access/fair_shares';
import type { CallerOf } from '../../access/known_callers';
import { serversOf } from './http2_servers';

/** What a request is refused with, given its path as /package.Service/Method, and who sends it; undefined lets it in. */
export type EarlyRefusal = (
  path: string | undefined,
  callerOf: () => Caller | undefined,
) => OutgoingHttpHeaders | undefined;

export interface EarlyRefusing {
  readonly refusalOf: EarlyRefusal;
  readonly callerOf: CallerOf;
}

/**
 * Refuses requests as they come out of HTTP/2, before the library makes anything of them, which is a third of what a
 * refusal takes otherwise. `server` is bound already. The headers are the whole answer: gRPC's Trailers-Only.
 */
export function refuseEarly(server: Server, { refusalOf, callerOf }: EarlyRefusing): void {
  for (const listening of serversOf(server)) {
    const handlers = listening.listeners('stream');
    listening.removeAllListeners('stream');
    listening.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
      const refusal = refusalOf(headers[':path'], () => callerOf(stream, headers));
      if (refusal !== undefined) return refuse(stream, refusal);
      for (const handle of handlers) handle.call(listening, stream, headers, ...rest);
    });
  }
}

function refuse(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  // A caller that leaves is an error of the stream, and of no interest.
  stream.on('error', ignore);
  if (stream.closed || stream.destroyed) return;
  // Nothing reads the request, so Node closes the stream by itself after the answer.
  stream.respond(headers, { endStream: true });
}

function ignore(): void {}

/** A gRPC status as the headers of an answer that has nothing else (gRPC over HTTP/2, "Trailers-Only"). */
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
