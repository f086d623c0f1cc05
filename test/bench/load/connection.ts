import { connect, type Socket } from 'node:net';
import {
  DATA,
  endsStream,
  FRAME_HEADER,
  GOAWAY,
  HEADERS,
  isAck,
  maxStreams,
  PING,
  PREFACE,
  pong,
  RST_STREAM,
  reset,
  SETTINGS,
  SETTINGS_ACK,
  WINDOW_UPDATE,
} from './frames';

/** What a server may be sent before it says more: RFC 9113, 6.9.2. */
const INITIAL_WINDOW = 65_535;

/** How many calls are opened before the server says how many may be: as many as Node and grpc-go open. */
const INITIAL_STREAMS = 100;

/** The answer's message, after the compression flag and the length: the field `decision`. */
const DECISION_TAG_AT = 5;
const DECISION_TAG = 0x08;
const ADMITTED = 1;

/** A call that is to be sent, or was. */
export interface Call {
  /** Answered, refused or late. */
  isDone: boolean;
  stream?: number;
}

export interface ConnectionEvents<Sent extends Call> {
  answered(call: Sent, isAdmitted: boolean): void;
  /** Ended without an answer. */
  refused(call: Sent): void;
}

/**
 * A connection that calls one unary method for a tenth of what a gRPC library takes: with a library, two processors could
 * not offer several times of what a daemon on the same two can do. Opened anew if the server ends it, as a library does.
 */
export interface Connection<Sent extends Call> {
  /** Sends a call once the server lets it be sent, unless it is done by then. `frames` are its own to change. */
  send(call: Sent, frames: Buffer): void;
  /** Sends the calls of this turn. */
  flush(): void;
  cancel(call: Sent): void;
  /** How often it was reopened. */
  readonly reopened: number;
  /** Of TCP's payload, of all that it was opened for. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  close(): void;
}

export function openConnection<Sent extends Call>(
  { host, port }: { host: string; port: number },
  events: ConnectionEvents<Sent>,
): Connection<Sent> {
  let isClosed = false;
  let reopened = 0;
  const ended = { sentBytes: 0, receivedBytes: 0 };
  let waiting: { call: Sent; frames: Buffer; size: number }[] = [];
  let session = openSession();

  function openSession() {
    return { ...createState<Sent>(), socket: openSocket() };
  }

  function openSocket(): Socket {
    const socket = connect({ host, port, noDelay: true });
    socket.write(PREFACE);
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = readFrames(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
      flush();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (socket === session.socket) reopen();
    });
    return socket;
  }

  function reopen(): void {
    const { open, socket } = session;
    for (const call of open.values()) finish(call, () => events.refused(call));
    if (isClosed) return;
    reopened += 1;
    ended.sentBytes += socket.bytesWritten;
    ended.receivedBytes += socket.bytesRead;
    session = openSession();
    socket.destroy();
  }

  /** Reads the whole frames; returns the rest. */
  function readFrames(bytes: Buffer): Buffer {
    let at = 0;
    while (at + FRAME_HEADER <= bytes.length) {
      const end = at + FRAME_HEADER + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
      const [type = 0, flags = 0] = [bytes[at + 3], bytes[at + 4]];
      readFrame({ type, flags, stream, payload: bytes.subarray(at + FRAME_HEADER, end) });
      at = end;
    }
    return bytes.subarray(at);
  }

  function readFrame({ type, flags, stream, payload }: Frame): void {
    if (type === SETTINGS && !isAck(flags)) {
      session.most = maxStreams(payload) ?? session.most;
      session.output.push(SETTINGS_ACK);
    } else if (type === PING && !isAck(flags)) session.output.push(pong(payload));
    else if (type === WINDOW_UPDATE && stream === 0) session.window += payload.readUInt32BE(0);
    else if (type === GOAWAY) reopen();
    else if (type === DATA || type === HEADERS || type === RST_STREAM)
      readAnswer({ type, flags, stream, payload });
  }

  function readAnswer({ type, flags, stream, payload }: Frame): void {
    const call = session.open.get(stream);
    if (call === undefined) return;
    if (type === DATA && payload.length > DECISION_TAG_AT) {
      const isAdmitted =
        payload[DECISION_TAG_AT] === DECISION_TAG && payload[DECISION_TAG_AT + 1] === ADMITTED;
      finish(call, () => events.answered(call, isAdmitted));
    }
    if (type !== RST_STREAM && !endsStream(flags)) return;
    session.open.delete(stream);
    finish(call, () => events.refused(call));
  }

  function flush(): void {
    sendWaiting();
    if (session.output.length === 0) return;
    session.socket.write(Buffer.concat(session.output));
    session.output.length = 0;
  }

  function sendWaiting(): void {
    let next = 0;
    for (const { call, frames, size } of waiting) {
      const isBlocked = session.window < size || session.open.size >= session.most;
      if (isBlocked && !call.isDone) break;
      next += 1;
      if (call.isDone) continue;
      session.window -= size;
      session.stream += 2;
      call.stream = session.stream;
      session.open.set(session.stream, call);
      session.output.push(onStream(frames, session.stream));
    }
    if (next > 0) waiting = waiting.slice(next);
  }

  return {
    send: (call, frames) => waiting.push({ call, frames, size: dataLength(frames) }),
    flush,
    get reopened() {
      return reopened;
    },
    get sentBytes() {
      return ended.sentBytes + session.socket.bytesWritten;
    },
    get receivedBytes() {
      return ended.receivedBytes + session.socket.bytesRead;
    },
    cancel({ stream }) {
      if (stream !== undefined && session.open.delete(stream)) session.output.push(reset(stream));
    },
    close() {
      isClosed = true;
      session.socket.destroy();
    },
  };
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

function createState<Sent extends Call>() {
  return {
    open: new Map<number, Sent>(),
    output: [] as Buffer[],
    window: INITIAL_WINDOW,
    most: INITIAL_STREAMS,
    stream: -1,
  };
}

function finish(call: Call, report: () => void): void {
  if (call.isDone) return;
  call.isDone = true;
  report();
}

/** Writes the stream's number into both frames of a call. */
function onStream(frames: Buffer, stream: number): Buffer {
  frames.writeUInt32BE(stream, 5);
  frames.writeUInt32BE(stream, FRAME_HEADER + frames.readUIntBE(0, 3) + 5);
  return frames;
}

/** What a call takes of the window: only its DATA counts. */
function dataLength(frames: Buffer): number {
  return frames.readUIntBE(FRAME_HEADER + frames.readUIntBE(0, 3), 3);
}
