import { gzipSync } from 'node:zlib';
import type { Random } from '../../../scripts/demo/random';
import { anyMessage, type Shape } from './messages';

/** A request as HTTP/2 carries it. */
export interface AnyRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Buffer[];
}

export interface Possible {
  readonly methods: readonly { readonly path: string; readonly shape: Shape }[];
  readonly tokens: readonly string[];
}

type Values = readonly [string, ...string[]];

const LONG = 'a'.repeat(5_000);

/** What a header may be instead of what it should be. */
const ODD_HEADERS: Readonly<Record<string, Values>> = {
  'grpc-timeout': [
    '1S',
    '0n',
    '1',
    '1X',
    '99999999H',
    '999999999S',
    '-1S',
    '1.5S',
    ' 1S',
    'S',
    '1S1S',
    '1m2',
    '',
  ],
  'grpc-encoding': ['gzip', 'deflate', 'identity', 'br', '', 'gzip, deflate', '\xff'],
  'grpc-accept-encoding': ['', 'gzip', ',', LONG],
  'content-type': [
    'application/grpc',
    'application/grpc+json',
    'application/grpc+',
    'text/html',
    '',
    'application/grpc;',
  ],
  'x-request-id': ['', 'a b', 'é', '\xff\xfe', LONG, '../../etc', '"'],
  traceparent: ['', '00-0-0-0', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, LONG],
  tracestate: [',,,', '=', LONG],
  baggage: [LONG, '%', ';;'],
  'x-odd-bin': ['!', '====', 'AAA', ''],
  'grpc-tags-bin': ['!!!', ''],
  'grpc-previous-rpc-attempts': ['-1', 'x', '99999999999999999999'],
  'grpc-status': ['13', '0'],
  'grpc-message': ['%', '%zz'],
  'user-agent': ['', LONG, '\x7f'],
  'content-length': ['0', '1', '99999999'],
  ':method': ['GET', 'PUT', 'OPTIONS', 'HEAD', 'ODD'],
  ':authority': ['', '[', 'a b', ':'],
  ':path': [
    ...([
      '/',
      '',
      '//',
      '*',
      '/quota.v1.QuotaService',
      '/quota.v1.QuotaService/',
      '/quota.v1.QuotaService/admit',
    ] as const),
    ...([
      '/quota.v1.QuotaService/Admit/',
      '/quota.v1.QuotaService/Admit?x=%',
      '/__proto__/constructor',
    ] as const),
    ...(['/constructor', '/\xff', `/${LONG}`] as const),
  ],
};

const ODD_NAMES = Object.keys(ODD_HEADERS) as [string, ...string[]];

/** A request of some method: its headers, its framing or its message may be wrong. */
export function anyRequest(random: Random, { methods, tokens }: Possible): AnyRequest {
  const { path, shape } = random.pick(methods as [Possible['methods'][0]]);
  const headers: Record<string, string> = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  if (random.isLucky(0.8)) headers.authorization = anyAuthorization(random, tokens);
  for (let left = random.between(0, 2); left > 0; left -= 1) {
    const name = random.pick(ODD_NAMES);
    headers[name] = random.pick(ODD_HEADERS[name] as Values);
  }
  if (random.isLucky(0.1)) delete headers[random.pick(['content-type', 'te', 'authorization'])];
  return { headers, body: anyBody(random, anyMessage(shape, random)) };
}

function anyAuthorization(random: Random, tokens: readonly string[]): string {
  if (random.isLucky(0.8)) return `Bearer ${random.pick(tokens as [string])}`;
  return random.pick([
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer a b',
    'bearer x',
    `Bearer ${LONG}`,
    '\xff',
  ]);
}

/** One message in its frame, or something that only looks like it, in pieces. */
function anyBody(random: Random, message: Buffer): Buffer[] {
  const framed = random.isLucky(0.7) ? inFrame({ flag: 0, message }) : oddBody(random, message);
  if (framed.length < 2 || random.isLucky(0.6)) return [framed];
  const cut = random.between(1, framed.length - 1);
  return [framed.subarray(0, cut), framed.subarray(cut)];
}

/** What decompresses to more than a server takes. */
const BOMB = gzipSync(Buffer.alloc(16 * 1024 * 1024));

function oddBody(random: Random, message: Buffer): Buffer {
  return random.pick<() => Buffer>([
    () => Buffer.alloc(0),
    () => Buffer.from([0]),
    () => inFrame({ flag: 1, message }),
    () => inFrame({ flag: 1, message: gzipSync(message) }),
    () => inFrame({ flag: 1, message: BOMB }),
    () => inFrame({ flag: random.between(2, 255), message }),
    () => inFrame({ flag: 0, message, length: message.length + 1 }),
    () => inFrame({ flag: 0, message, length: 0 }),
    () => inFrame({ flag: 0, message, length: 2 ** 32 - 1 }),
    () => Buffer.concat([inFrame({ flag: 0, message }), inFrame({ flag: 0, message })]),
    () => Buffer.concat([inFrame({ flag: 0, message }), Buffer.from([0, 0])]),
  ])();
}

function inFrame({
  flag,
  message,
  length = message.length,
}: {
  flag: number;
  message: Buffer;
  length?: number;
}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}
