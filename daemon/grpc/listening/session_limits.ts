import type { SecureServerSessionOptions } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** The headers of a request: as much as gRPC allows by default. Ours are a token and an id. */
const MAX_HEADERS_BYTES = 8192;
const MAX_HEADERS = 64;

/** The connection is closed after this many invalid frames. */
const MAX_INVALID_FRAMES = 100;

/**
 * How many streams a connection may reset at once, and per second. A caller resets a call whose deadline passes, and
 * Node's own limit, after a thousand 33 a second, would close the connections of all callers of a slow daemon, with the
 * answers that are on their way. A thousand calls that the library begins and does not answer take 3 % of a processor;
 * under overload most are reset before they are begun. Node knows these two from version 24 on; older ones keep their
 * own limit.
 */
const RESETS = { streamResetBurst: 20_000, streamResetRate: 10_000 };

/**
 * How many streams in succession Node may reject because too many are open, before it ends the connection; its own limit
 * is a hundred. Callers that give up many calls at once and send the next ones exceed it, and lose each new connection
 * in the same way. Node rejects a stream without calling any of our code.
 */
const MAX_REJECTED_STREAMS = 10_000;

/**
 * Limits what a connection may send before our code sees it. The library has no option for these, but passes the options
 * of its HTTP/2 servers to Node unchanged.
 */
export function limitSessions(server: Server): void {
  const options: unknown = Reflect.get(server, 'commonServerOptions');
  if (typeof options !== 'object' || options === null)
    throw new Error('this version of grpc-js keeps the options of its HTTP/2 servers elsewhere');
  const session = options as SecureServerSessionOptions;
  session.settings = { ...session.settings, maxHeaderListSize: MAX_HEADERS_BYTES };
  session.maxHeaderListPairs = MAX_HEADERS;
  session.maxSessionInvalidFrames = MAX_INVALID_FRAMES;
  session.maxSessionRejectedStreams = MAX_REJECTED_STREAMS;
  Object.assign(session, RESETS);
}
