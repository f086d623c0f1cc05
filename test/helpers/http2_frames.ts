import { connect, type Socket } from 'node:net';

/** What every client sends first. */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Types of frames, by RFC 9113. */
export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7 } as const;

export const END_HEADERS = 4;

/** An HTTP/2 client that heeds no limit of its peer, as only an enemy's does. */
export interface RawClient {
  /** Opens a stream, and sends nothing more on it. */
  open(stream: number, path: string): void;
  reset(stream: number): void;
  /** The streams that the server has reset, with the code. */
  readonly resets: ReadonlyMap<number, number>;
  /** Whether the server has ended the connection. */
  readonly isEnded: boolean;
  close(): void;
}

export function openRawClient(target: string): RawClient {
  const [host = '', port] = target.split(':');
  const socket = connect(Number(port), host);
  const resets = new Map<number, number>();
  let isEnded = false;
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isEnded = true;
  });
  readFrames(socket, ({ type, stream, payload }) => {
    if (type === FRAME.reset) resets.set(stream, payload.readUInt32BE());
    if (type === FRAME.goAway) isEnded = true;
  });
  socket.write(Buffer.concat([Buffer.from(PREFACE), frame({ type: FRAME.settings })]));
  return {
    open(stream, path) {
      const payload = headers({
        ':method': 'POST',
        ':scheme': 'http',
        ':path': path,
        ':authority': target,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      socket.write(frame({ type: FRAME.headers, flags: END_HEADERS, stream, payload }));
    },
    reset: (stream) => socket.write(frame({ type: FRAME.reset, stream, payload: Buffer.from([0, 0, 0, 8]) })),
    resets,
    get isEnded() {
      return isEnded;
    },
    close: () => socket.destroy(),
  };
}

export interface Frame {
  readonly type: number;
  readonly flags?: number;
  readonly stream?: number;
  readonly payload?: Buffer;
}

export function frame({ type, flags = 0, stream = 0, payload = Buffer.alloc(0) }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literal fields without indexing: longer than need be, and right. */
export function headers(fields: Record<string, string>): Buffer {
  const text = (value: string) => [Buffer.from([value.length]), Buffer.from(value)];
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), ...text(name), ...text(value)]),
  );
}

function readFrames(
  socket: Socket,
  onFrame: (frame: { type: number; stream: number; payload: Buffer }) => void,
): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      onFrame({
        type: rest.readUInt8(3),
        stream: rest.readUInt32BE(5),
        payload: rest.subarray(9, end),
      });
      rest = rest.subarray(end);
    }
  });
}
