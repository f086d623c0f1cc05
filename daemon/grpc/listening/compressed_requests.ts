import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';

/** Whether the messages of a request may be compressed. */
export function isCompressed(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['grpc-encoding'];
  return encoding !== undefined && encoding !== 'identity';
}

/**
 * The library answers a message that it cannot decompress with INTERNAL, which blames the daemon. An INTERNAL before any
 * other answer and without our details can only be this case: it is replaced with INVALID_ARGUMENT.
 */
export function blameCaller(stream: ServerHttp2Stream): void {
  const respond = stream.respond.bind(stream);
  stream.respond = (headers, options) => {
    const isLibrarys =
      Number(headers?.['grpc-status']) === status.INTERNAL && !headers?.['grpc-status-details-bin'];
    respond(isLibrarys ? { ...headers, 'grpc-status': status.INVALID_ARGUMENT } : headers, options);
  };
}
