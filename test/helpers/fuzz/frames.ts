import type { Random } from '../../../scripts/demo/random';
import { END_HEADERS, FRAME, frame, headers, PREFACE } from '../http2_frames';
import { mutate } from './mutate';

const END_STREAM = 1;

/** Types of frames, of which the last are none. */
const MOST_TYPE = 12;

/** Everything that a client sends on one connection: requests, frames that make no sense, and damage. */
export function anyConversation(
  random: Random,
  { target, paths }: { target: string; paths: string[] },
): Buffer {
  const frames = [frame({ type: FRAME.settings, payload: anySettings(random) })];
  for (let left = random.between(1, 4), stream = 1; left > 0; left -= 1, stream += 2) {
    frames.push(...request(random, { stream, target, path: random.pick(paths as [string, ...string[]]) }));
    while (random.isLucky(0.4)) frames.splice(random.between(0, frames.length), 0, anyFrame(random));
  }
  const sent = Buffer.concat(frames);
  const isDamaged = random.isLucky(0.5);
  const preface = random.isLucky(0.05) ? mutate(Buffer.from(PREFACE), random) : Buffer.from(PREFACE);
  return Buffer.concat([preface, isDamaged ? mutate(sent, random) : sent]);
}

function request(
  random: Random,
  { stream, target, path }: { stream: number; target: string; path: string },
): Buffer[] {
  const block = headers({
    ':method': random.isLucky(0.9) ? 'POST' : 'GET',
    ':scheme': 'http',
    ':path': path,
    ':authority': target,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const payload = random.isLucky(0.1) ? mutate(block, random) : block;
  // Field 1, a subject, behind the five bytes that gRPC puts before each message.
  const body = Buffer.from([0, 0, 0, 0, 4, 0x0a, 2, 0x34, 0x32]);
  return [
    frame({ type: FRAME.headers, flags: END_HEADERS, stream, payload }),
    frame({
      type: FRAME.data,
      flags: END_STREAM,
      stream,
      payload: random.isLucky(0.2) ? mutate(body, random) : body,
    }),
  ];
}

/** Identifiers 1 to 6 are known; their values may be any. */
function anySettings(random: Random): Buffer {
  const entries = Array.from({ length: random.between(0, 3) }, () => {
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(random.between(0, 8), 0);
    entry.writeUInt32BE(random.pick([0, 1, 2, 100, 16_384, 65_535, 2 ** 24 - 1, 2 ** 31, 2 ** 32 - 1]), 2);
    return entry;
  });
  return Buffer.concat(entries);
}

function anyFrame(random: Random): Buffer {
  const length = random.pick([0, 1, 4, 5, 6, 8, 9, 64, 300]);
  return frame({
    type: random.between(0, MOST_TYPE),
    flags: random.pick([0, 1, 4, 5, 8, 0x20, 0x2d, 0xff]),
    stream: random.pick([0, 1, 2, 3, 5, 7, 99, 2 ** 31 - 1]),
    payload: Buffer.from(Array.from({ length }, () => random.between(0, 255))),
  });
}
