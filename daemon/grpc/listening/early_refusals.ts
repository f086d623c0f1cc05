import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { Metadata, type Server, status } from '@grpc/grpc-js';
import type { Caller } from '../../access/fair_shares';
import type { CallerOf } from '../../access/known_callers';
import { blameCaller, isCompressed } from './compressed_requests';
import { serversOf } from './http2_servers';
import { createLeavingCallers, type LeavingCallers } from './leaving_callers';
import {
  dropDecideBy,
  hasReadableTimeout,
  setDecideBy,
  shortenTimeout,
  spendTimeout,
  timeoutMsOf,
} from './timeouts';
import { createWaitingRoom, type WaitingRoom } from './waiting_room';

/** Whether a request may be let in, given its path as /package.Service/Method and its caller. */
export type HasRoom = (path: string | undefined, callerOf: () => Caller | undefined) => boolean;

/** Counts a rejected request, and returns its answer. */
export type RefusalOf = (path: string | undefined) => OutgoingHttpHeaders;

/** Counts a request whose caller left while it waited. */
export type OnLeft = (path: string | undefined) => void;

export interface EarlyRefusing {
  readonly hasRoom: HasRoom;
  readonly refusalOf: RefusalOf;
  readonly onLeft: OnLeft;
  readonly callerOf: CallerOf;
}

/**
 * Rejects requests as they come out of HTTP/2, before the library handles them, at a third of the usual cost, unless there
 * is room within some milliseconds. `server` is already bound. The headers are the whole answer: gRPC's Trailers-Only.
 */
export function refuseEarly(server: Server, { hasRoom, refusalOf, onLeft, callerOf }: EarlyRefusing): void {
  /** By path, as each method has its own room; only methods that may have none are here. */
  const rooms = new Map<string | undefined, WaitingRoom>();

  function roomOf(path: string | undefined): WaitingRoom {
    const room = rooms.get(path) ?? createWaitingRoom();
    rooms.set(path, room);
    return room;
  }

  /** Of requests that waited for room: the others show nothing of overload. */
  const leavingCallers = createLeavingCallers();

  for (const listening of serversOf(server)) {
    const handlers = listening.listeners('stream');
    listening.removeAllListeners('stream');

    function letIn(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rest: readonly unknown[]): void {
      if (isCompressed(headers)) blameCaller(stream);
      for (const handle of handlers) handle.call(listening, stream, headers, ...rest);
    }

    listening.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
      if (!hasReadableTimeout(headers)) return refuse(stream, UNREADABLE_TIMEOUT);
      shortenTimeout(headers);
      dropDecideBy(headers);
      const path = headers[':path'];
      const caller = () => callerOf(stream, headers);
      const isNext = rooms.size === 0 || (rooms.get(path)?.isEmpty ?? true);
      if (isNext && hasRoom(path, caller)) return letIn(stream, headers, rest);
      const arrivedMs = performance.now();
      const hasTimeLeft = () => performance.now() - arrivedMs < leavingCallers.mostAgeMs() / 2;
      roomOf(path).add({
        stream,
        arrivedMs,
        // After half of its time here it would mostly be decided too late.
        hasRoom: () => hasTimeLeft() && hasRoom(path, caller),
        letIn() {
          spendTimeout(headers, performance.now() - arrivedMs);
          setDecideBy(headers, arrivedMs + leavingCallers.mostAgeMs());
          watchEnd(stream, headers, leavingCallers);
          letIn(stream, headers, rest);
        },
        refuse: () => refuse(stream, refusalOf(path)),
        leave: () => onLeft(path),
      });
    });
  }
}

/** Notes whether the caller of a request that is let in now leaves before its deadline. */
function watchEnd(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, callers: LeavingCallers): void {
  const letInMs = performance.now();
  stream.once('close', () => {
    const hasLeft = stream.rstCode === constants.NGHTTP2_CANCEL;
    if (!hasLeft) callers.answered();
    else if (performance.now() - letInMs < timeoutMsOf(headers)) callers.left();
  });
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
