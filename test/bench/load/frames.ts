/** The parts of HTTP/2 (RFC 9113) and HPACK (RFC 7541) that a caller of one unary gRPC method needs. */

export const FRAME_HEADER = 9;

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;

const NONE = 0;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;

const CANCEL = 8;

const SETTING_LENGTH = 6;
const HEADER_TABLE_SIZE = 1;
const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const MOST = 0x7fffffff;

/** What a connection begins with. Every reply then fits, and no header refers to an earlier one. */
export const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(
    SETTINGS,
    NONE,
    0,
    Buffer.concat([setting(HEADER_TABLE_SIZE, 0), setting(INITIAL_WINDOW_SIZE, MOST)]),
  ),
  frame(WINDOW_UPDATE, NONE, 0, uint32(MOST - 0xffff)),
]);

export const SETTINGS_ACK = frame(SETTINGS, ACK, 0, Buffer.alloc(0));

/** Frames of one call but for its stream: the headers, then the message, of which the last byte ends the call. */
export function callFrames({ headers, message }: { headers: Buffer; message: Buffer }): Buffer {
  const prefixed = Buffer.concat([Buffer.from([0]), uint32(message.length), message]);
  return Buffer.concat([frame(HEADERS, END_HEADERS, 0, headers), frame(DATA, END_STREAM, 0, prefixed)]);
}

export function reset(stream: number): Buffer {
  return frame(RST_STREAM, NONE, stream, uint32(CANCEL));
}

export function pong(payload: Buffer): Buffer {
  return frame(PING, ACK, 0, payload);
}

export function isAck(flags: number): boolean {
  return (flags & ACK) !== 0;
}

export function endsStream(flags: number): boolean {
  return (flags & END_STREAM) !== 0;
}

/** How many calls the server lets be open at once; undefined if its settings do not say. */
export function maxStreams(settings: Buffer): number | undefined {
  for (let at = 0; at + SETTING_LENGTH <= settings.length; at += SETTING_LENGTH)
    if (settings.readUInt16BE(at) === MAX_CONCURRENT_STREAMS) return settings.readUInt32BE(at + 2);
  return undefined;
}

/** The headers of a gRPC call, each a literal that no table keeps. */
export function requestHeaders({
  path,
  authority,
  timeoutMs,
}: {
  path: string;
  authority: string;
  timeoutMs: number;
}): Buffer {
  return Buffer.concat([
    Buffer.from([0x83, 0x86]), // :method POST, :scheme http
    Buffer.from([0x04]), // :path
    literal(path),
    Buffer.from([0x01]), // :authority
    literal(authority),
    Buffer.from([0x0f, 0x10]), // content-type
    literal('application/grpc'),
    field('te', 'trailers'),
    field('grpc-timeout', `${timeoutMs}m`),
  ]);
}

function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), literal(name), literal(value)]);
}

/** Up to 126 characters: longer ones need more than one byte for their length. */
function literal(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
}

function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(SETTING_LENGTH);
  bytes.writeUInt16BE(id);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}
